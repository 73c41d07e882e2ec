"""The layout, the one-way arrows inside mtlcore, and what the packaging texts promise."""

import ast
import inspect
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import requires
from importlib.util import resolve_name
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mtlcore as mtl

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "mtlcore"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TOP_LEVEL = {
    *("README.md", "environment.yml", "pyproject.toml", "constraints.txt", "Makefile", "LICENSE"),
    *("CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "_config.yml", "_toc.yml"),
    *("book", "notebooks", "mtlcore", "tests"),
}
# What a room may import of mtlcore. The rooms that are not named here stand above all of these.
ARROWS = {
    "methods": {"methods", "signals", "_names"},
    "models": {"models", "_optional"},
    "tasks": {"tasks", "_optional"},
    "data": {"data", "tasks", "_names", "_optional"},
    "signals": {"signals", "models", "tasks"},
    "train": {"train", "signals", "methods", "models", "tasks", "_optional"},
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every file of the repository, edits and new files included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_nothing_else_stands_at_the_top_level(files: list[Path]) -> None:
    names = {path.relative_to(ROOT).parts[0] for path in files}
    assert {name for name in names if not name.startswith(".")} == TOP_LEVEL


def imported(path: Path) -> Iterator[str]:
    """The rooms of mtlcore that a file imports; "" is mtlcore itself."""
    package = ".".join(["mtlcore", *path.relative_to(SOURCE).parts[:-1]])
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            names = [f"{source}.{alias.name}" for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "mtlcore":
                yield rest.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_arrows_run_one_way(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if room in ARROWS:
        assert set(imported(path)) - ARROWS[room] == set()


def test_the_arrows_name_rooms_that_are_there() -> None:
    rooms = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in MODULES}
    assert ARROWS.keys() <= rooms


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT / "tests")))
def test_no_module_imports_a_test(path: Path) -> None:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(alias.name for alias in node.names)]
    parts = {part for name in names for part in name.split(".")}
    assert {part for part in parts if part.startswith("test_")} & {test.stem for test in TESTS} == set()


@pytest.mark.parametrize("name", mtl.METHODS)
def test_a_rule_has_a_short_file_of_its_own(name: str) -> None:
    path = Path(inspect.getfile(mtl.METHODS[name]))
    assert len(path.read_text().splitlines()) < 120
    assert [other for other in mtl.METHODS if inspect.getfile(mtl.METHODS[other]) == str(path)] == [name]


@pytest.mark.parametrize(
    "path", [*(SOURCE / "signals").glob("*.py"), *(SOURCE / "train").glob("*.py")], ids=lambda p: p.name
)
def test_no_method_is_named_where_every_method_passes(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):  # the code, not the examples of its docstrings
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body[0] = ast.Pass()
    assert set(re.findall(r"\w+", ast.unparse(tree))) & mtl.METHODS.keys() == set()


@pytest.mark.parametrize("page", ["README.md", "book/how-to-read.md"])
def test_the_code_on_the_page_runs(page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", read(page), flags=re.DOTALL | re.MULTILINE)
    assert blocks
    exec(compile("\n".join(blocks), page, "exec"), {})


def test_one_version_everywhere() -> None:
    project = re.findall(r'^version = "(.+)"$', read("pyproject.toml"), flags=re.MULTILINE)
    changes = re.findall(r"^## (\d\S*)", read("CHANGELOG.md"), flags=re.MULTILINE)
    citation = yaml.safe_load(read("CITATION.cff"))["version"]
    assert project == [changes[0]] == [citation] == [mtl.__version__]


def test_every_package_that_is_asked_for_is_pinned_within_its_range() -> None:
    lines = [line for line in read("constraints.txt").splitlines() if line]
    pins = {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}
    every = [Requirement(text) for text in requires("mtlcore") or []]
    asked = [
        requirement
        for requirement in every
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("site", "test"))
    ]
    wrong = [
        str(requirement)
        for requirement in asked
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"))
    ]
    assert asked
    assert wrong == []


def test_the_conda_environment_installs_the_same_packages() -> None:
    packages = yaml.safe_load(read("environment.yml"))["dependencies"]
    (pip,) = [entry["pip"] for entry in packages if isinstance(entry, dict)]
    (python,) = [entry for entry in packages if str(entry).startswith("python")]
    supported = re.findall(r'^requires-python = "(.+)"$', read("pyproject.toml"), flags=re.MULTILINE)
    assert pip == ["-c constraints.txt", "-e .[site,test]"]
    assert Requirement(f"python{supported[0]}").specifier.contains(python.split("=")[1])


def test_one_place_names_the_repository(files: list[Path]) -> None:
    address = yaml.safe_load(read("_config.yml"))["repository"]["url"]
    naming = [path for path in files if address.encode() in path.read_bytes()]
    chapters = {path for path in files if path.suffix == ".ipynb"}
    assert set(naming) - chapters == {ROOT / "_config.yml"}


def test_no_file_names_a_package_index_or_the_place_it_was_written(files: list[Path]) -> None:
    foreign = re.compile(
        rb"pypi\.o" rb"rg|files\.python" rb"hosted|registry\.npm" rb"js|/wo" rb"rk/|shared/sp" rb"ecs"
    )
    assert [path for path in files if foreign.search(path.read_bytes())] == []
