"""The reference: every public name is on a page, and every page is in the table of contents."""

import inspect
import pkgutil
import re
from pathlib import Path

import pytest
import yaml

import mtlcore as mtl
from mtlcore import analysis, book

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "book" / "api").glob("*.md"))
NAMES = [name for name in mtl.__all__ if name != "METHODS" and not inspect.ismodule(getattr(mtl, name))]
# These two packages export nothing: their modules are imported by name.
BY_MODULE = [
    module.name.removeprefix("mtlcore.")
    for package in (analysis, book)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    if "._" not in module.name
]


def documented() -> set[str]:
    text = "\n".join(page.read_text() for page in PAGES)
    names = set(re.findall(r"auto(?:class|function|module|data):: mtlcore\.([\w.]+)", text))
    families = re.findall(r"^```{methods} (\w+)$", text, flags=re.MULTILINE)
    return names | {name for name, method in mtl.METHODS.items() if method.family in families}


@pytest.mark.parametrize("name", [*NAMES, *BY_MODULE])
def test_every_public_name_is_on_a_reference_page(name: str) -> None:
    assert name in documented()


def test_every_reference_page_is_in_the_table_of_contents() -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    assert {f"book/api/{page.stem}" for page in PAGES} <= set(re.findall(r"book/api/\w+", str(contents)))
