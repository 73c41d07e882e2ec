"""The sentence for a missing optional package."""

import subprocess
import sys

import pytest

import mtlcore
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


REFUSE_JOBLIB = """
import sys
sys.modules["joblib"] = None
import mtlcore as mtl
try:
    mtl.results("slaw-table1")
except ImportError as error:
    print(error)
"""


def test_a_name_that_is_loaded_on_first_use_says_what_it_needs() -> None:
    done = subprocess.run([sys.executable, "-c", REFUSE_JOBLIB], capture_output=True, text=True, check=True)
    assert done.stdout == "mtlcore.experiments needs joblib: pip install 'mtlcore[experiments]'\n"


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mtlcore.nothing
    assert {"load", "fit", "experiments", "SLAW"} <= set(dir(mtlcore))
