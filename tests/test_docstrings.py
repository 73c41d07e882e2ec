"""The docstrings of mtlcore: in numpydoc's format, true to the signatures, with examples that run."""

from __future__ import annotations

import builtins
import doctest
import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from numpydoc.docscrape import NumpyDocString

import mtlcore as mtl

ROOT = Path(__file__).parents[1]
SECTIONS = [name for name in NumpyDocString.sections if name not in ("Signature", "Summary", "index")]
MODULES = [
    importlib.import_module(info.name)
    for info in pkgutil.walk_packages(mtl.__path__, "mtlcore.")
    if not info.name.endswith("__main__")
]


def modules_of_the_reference() -> set[str]:
    """The modules that the reference prints whole."""
    pages = (ROOT / "book" / "api").glob("*.md")
    return {name for page in pages for name in re.findall(r"automodule:: ([\w.]+)", page.read_text())}


def public_names(module: ModuleType) -> list[str]:
    """``__all__``; or, of a module of the reference, what it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    if module.__name__ in modules_of_the_reference():
        return [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
        ]
    return []


def public_objects() -> dict[str, Any]:
    """Classes, functions and public methods by the place of their definition."""
    found: dict[str, Any] = {}
    for module in (mtl, *MODULES):
        if "._" in module.__name__:
            continue
        for name in public_names(module):
            value = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            if not value.__module__.startswith("mtlcore") or "._" in value.__module__:
                continue
            place = f"{value.__module__}.{value.__qualname__}"
            found[place] = value
            for part, member in vars(value).items() if inspect.isclass(value) else ():
                if part.startswith("_"):
                    continue
                member = inspect.unwrap(getattr(member, "__func__", member))
                if inspect.isfunction(member):
                    found[f"{place}.{part}"] = getattr(value, part)
    return dict(sorted(found.items()))


PUBLIC = public_objects()
over = partial(pytest.mark.parametrize, "name")


def own_docstring(thing: Any) -> str | None:
    return inspect.cleandoc(thing.__doc__) if thing.__doc__ else None


def parsed(text: str) -> NumpyDocString:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return NumpyDocString(text)


def signature_of(thing: Any) -> list[str]:
    """Parameter names as numpydoc writes them."""
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return []  # the message
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(thing).parameters.values()
    return [stars.get(p.kind, "") + p.name for p in parameters if p.name != "self"]


def titles(text: str) -> list[str]:
    return re.findall(r"^(\S.*)\n-{3,}$", text, flags=re.MULTILINE)


def entries(text: str) -> Iterator[tuple[str, bool]]:
    """The name of every parameter, and whether it has a type and a description; ``a, b : int`` are two."""
    for parameter in parsed(text)["Parameters"]:
        whole = bool(parameter.type.strip() and "".join(parameter.desc).strip())
        for name in parameter.name.replace("\\*", "*").split(", "):
            yield name, whole


@over(PUBLIC)
def test_every_public_object_has_a_docstring_of_known_sections(name: str) -> None:
    thing = PUBLIC[name]
    assert inspect.getdoc(thing), "no docstring"
    text = own_docstring(thing)
    if text is None:
        pytest.skip("has the docstring of what it overrides")
    assert parsed(text)["Summary"], "no summary"
    assert not inspect.isclass(thing) or not text.startswith(f"{thing.__name__}("), "no docstring"
    found = titles(text)
    assert found == [section for section in SECTIONS if section in found], (
        "unknown, or not in numpydoc's order"
    )


DOCUMENTED = [name for name, thing in PUBLIC.items() if "Parameters\n---" in (own_docstring(thing) or "")]
FAILING = [name for name, thing in PUBLIC.items() if "Raises\n---" in (own_docstring(thing) or "")]


@over(DOCUMENTED)
def test_documented_parameters_are_those_of_the_signature(name: str) -> None:
    thing = PUBLIC[name]
    found = list(entries(own_docstring(thing) or ""))
    assert [parameter for parameter, _ in found] == signature_of(thing)
    assert [parameter for parameter, whole in found if not whole] == [], "no type, or no description"


@over([name for name, thing in PUBLIC.items() if "." not in thing.__qualname__ and signature_of(thing)])
def test_functions_and_classes_document_their_parameters(name: str) -> None:
    text = own_docstring(PUBLIC[name]) or ""
    assert "Parameters" in titles(text) or "Attributes" in titles(text)


@over(FAILING)
def test_errors_are_types(name: str) -> None:
    for entry in parsed(own_docstring(PUBLIC[name]) or "")["Raises"]:
        for error in entry.type.split(", "):
            kind = getattr(builtins, error, None)
            assert inspect.isclass(kind) and issubclass(kind, BaseException), error
        assert "".join(entry.desc).strip(), f"when is it a {entry.type}?"


@over(mtl.METHODS)
def test_every_method_has_its_cost_and_an_example(name: str) -> None:
    found = parsed(own_docstring(mtl.METHODS[name]) or "")
    assert "Cost: " in "\n".join(found["Notes"])
    assert ">>> " in "\n".join(found["Examples"])


EXAMPLES = {
    example.name: example
    for module in (mtl, *MODULES)
    for example in doctest.DocTestFinder(exclude_empty=True).find(
        module, extraglobs={"mtl": mtl, "torch": torch}
    )
    if example.examples
}


@over(EXAMPLES)
def test_examples(name: str, no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    lines: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed, tried = runner.run(EXAMPLES[name], out=lines.append)
    assert not failed, "".join(lines)
    assert tried
