"""The sentence for a missing optional package."""

import sys

import pytest

from mtlcore._optional import needed_by


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("scipy", "scipy", "data"), ("PIL", "Pillow", "data"), ("rdkit", "RDKit", "molecules")],
)
def test_it_names_what_needs_the_package_and_the_extra(
    module: str, name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as caught, needed_by("data set 'x'", extra="data"):
        __import__(f"{module}.anything")
    assert str(caught.value) == f"data set 'x' needs {name}: pip install 'mtlcore[{extra}]'"


def test_other_errors_are_passed_on() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"mtlcore\.nothing"), needed_by("x", extra="data"):
        __import__("mtlcore.nothing")
    with pytest.raises(ImportError, match="cannot import name"), needed_by("x", extra="data"):
        exec("from math import nothing")
