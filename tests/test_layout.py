"""The layout, the one-way arrows inside mtlcore, and what the packaging texts promise."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
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
TESTED = ROOT / "tests"
TESTS = sorted(TESTED.rglob("*.py"))
TOP_LEVEL = {
    *("README.md", "environment.yml", "pyproject.toml", "constraints.txt", "Makefile", "LICENSE"),
    *("CITATION.cff", "CONTRIBUTING.md", "CHANGELOG.md", "_config.yml", "_toc.yml"),
    *("book", "notebooks", "mtlcore", "tests"),
}
# What each part of mtlcore, a package or a file beside them, may import of the others, from low to high.
# Every part may import itself, and "_optional".
ARROWS: dict[str, set[str]] = {
    "_optional": set(),
    "_names": set(),
    "tasks": {"_names"},
    "models": set(),
    "signals": {"tasks", "models"},
    "methods": {"signals", "_names"},
    "train": {"methods", "signals", "models", "tasks"},
    "data": {"tasks", "_names"},
    "analysis": {"tasks", "models"},
    "bench": {"train", "methods", "signals", "models", "tasks", "_names"},
    "experiments": {"bench", "analysis", "data", "train", "methods", "signals", "models", "tasks", "_names"},
}
ARROWS["book"] = {*ARROWS}
ARROWS["__init__"] = {*ARROWS} - {"book"}
ARROWS["__main__"] = {*ARROWS} - {"__init__"}
# The tests that belong to no single source file, and what they test instead.
ELSEWHERE = {
    "test_layout.py": "the repository",
    "test_docstrings.py": "every public docstring",
    "registry/test_absent.py": "every method, in a step in which tasks have no label",
    "registry/test_precision.py": "every method, under autocast and with a loss scaler",
    "registry/test_properties.py": "every method",
    "registry/test_directions.py": "every method that has a direction",
    "registry/test_options.py": "every method that has an option with a range",
    "registry/test_steps.py": "every method, in a training step",
    "registry/test_situations.py": "every method, in the situations of a training loop",
    "registry/test_torchjd.py": "methods, against another library",
    "experiments/test_registered.py": "every experiment",
    "book/test_api_pages.py": "the pages of the reference",
    "book/test_alone.py": "every chapter, in an environment of its own",
    "book/test_notebooks.py": "every chapter",
    "book/test_own_loop.py": "the guide's loops of other packages",
    "book/test_pages.py": "the built pages",
    "book/widgets/test_browser.py": "the widgets, in a browser",
    "book/widgets/test_drawn.py": "the widgets, read back from their pictures",
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


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The parts of mtlcore that a file imports; "" is mtlcore itself."""
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
    part = part_of(path)
    assert set(imported(path)) - ARROWS[part] - {part, "_optional"} == set()


def test_the_arrows_are_those_of_every_part() -> None:
    assert ARROWS.keys() == {part_of(path) for path in MODULES}
    assert list(TopologicalSorter(ARROWS).static_order())  # a circle is an error


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def needed_to_import(path: Path) -> set[str]:
    """The modules of mtlcore that a module imports by itself, outside functions."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    modules = {module_of(each) for each in MODULES}
    needed: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names} & modules
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                needed |= {f"{source}.{alias.name}" if f"{source}.{alias.name}" in modules else source}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(node)
    return needed & modules


def test_no_modules_import_each_other() -> None:
    graph = {module_of(path): needed_to_import(path) for path in MODULES}
    assert any(graph.values())
    assert list(TopologicalSorter(graph).static_order())  # a circle is an error, with its modules


@pytest.mark.parametrize(
    "path",
    [path for path in TESTS if path.name.startswith("test_")],
    ids=lambda p: str(p.relative_to(TESTED)),
)
def test_a_test_file_mirrors_a_source_file(path: Path) -> None:
    """tests/a/test_b.py tests mtlcore/a/b.py, or _b.py; tests/a/test_a.py tests mtlcore/a/__init__.py."""
    place = path.relative_to(TESTED)
    folder, name = SOURCE / place.parent, place.stem.removeprefix("test_")
    mirrored = [folder / f"{form}.py" for form in (name, f"_{name}", f"__{name}__")]
    if folder.name == name:
        mirrored.append(folder / "__init__.py")
    assert (str(place) in ELSEWHERE) != any(source.is_file() for source in mirrored)


def test_the_tests_that_mirror_nothing_are_there() -> None:
    assert {name for name in ELSEWHERE if not (TESTED / name).is_file()} == set()


WITHOUT_EXTRAS = """
import sys
from importlib.machinery import ModuleSpec

class Refuse:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name.partition(".")[0] in sys.argv[1:] else None

    def create_module(self, spec):
        raise ModuleNotFoundError(f"{spec.name} is an extra", name=spec.name)

    def exec_module(self, module):
        pass

import numpy, torch
sys.meta_path.insert(0, Refuse())
import mtlcore as mtl

model = mtl.MultiTaskModel(torch.nn.Linear(3, 2), [torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)])
tasks = [mtl.Task.regression("a"), mtl.Task.regression("b")]
inputs, targets = torch.randn(8, 3), (torch.randn(8, 1), torch.randn(8, 1))
for method in mtl.METHODS.values():
    data = mtl.Batch(inputs, targets)
    method().backward(mtl.Signals(model, data, tasks, data))
print(sorted(mtl.evaluate(model, mtl.Split(inputs, targets), tasks)))
"""
EXTRAS = (
    *("pandas", "scipy", "sklearn", "joblib", "pooch", "PIL", "tqdm", "matplotlib", "IPython", "traitlets"),
    *("anywidget", "ipywidgets", "requests", "distributed", "rdkit", "transformers", "torchjd"),
)


def test_methods_and_evaluate_need_torch_and_numpy_only() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS, *EXTRAS], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "loss.a" in run.stdout


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(TESTED)))
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
    assert len(path.read_text().splitlines()) <= 140
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
