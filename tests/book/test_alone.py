"""The notebooks alone, in an empty folder and an environment without mtlcore: what Colab does.

The environment is made fresh, or ``ALONE_PYTHON`` names the Python to use (Colab's own, in its image).
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.chapters import ADDRESS, FIRST_CELL, NOTEBOOKS, ROOT, code, execute, read
from IPython.core.inputtransformer2 import TransformerManager

pytestmark = pytest.mark.alone
THERE = ["torch", "numpy", "matplotlib", "ipywidgets"]
VERSIONS = f"import importlib.metadata as m; print([m.version(name) for name in {THERE}])"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imports(source: str) -> list[str]:
    nodes = ast.walk(ast.parse(TransformerManager().transform_cell(source)))
    return [ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {line.split("==")[0]: line for line in lines if "==" in line}


@pytest.fixture
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with what Colab has, but without mtlcore."""
    if named := os.environ.get("ALONE_PYTHON"):
        return named
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder)
    made = str(folder / "bin" / "python")
    probe = [made, "-m", "pip", "download", "-qqq", "--no-deps", "--no-cache-dir", "--retries=1"]
    if subprocess.run([*probe, "--dest", folder, "hatchling"], capture_output=True).returncode:
        pytest.skip("pip reaches no package index, so no fresh environment can be made")
    install = [made, "-m", "pip", "install", "-qqq", "--no-compile"]
    run(*install, pins()["torch"])
    run(*install, "-c", ROOT / "constraints.txt", *THERE, "ipykernel")
    return made


@pytest.fixture
def kernel(python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kernel of that Python."""
    spec = tmp_path / "jupyter" / "kernels" / "alone" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "alone", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return "alone"


@pytest.fixture
def clone(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a repository that holds the working tree, edits included."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("clone")
    listed = run("git", "ls-files", "-z", "-c", "-o", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    run("git", "init", "-q", cwd=folder)
    run("git", "add", "-A", cwd=folder)
    person = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    run("git", *person, "commit", "-q", "-m", "The working tree", cwd=folder)
    return f"file://localhost{folder}"  # pip wants a host in an address


def test_a_notebook_alone_installs_mtlcore_and_runs(
    python: str, kernel: str, clone: str, tmp_path: Path
) -> None:
    """All of the first chapter; its first cell is that of the others, so these need what they import."""
    before = run(python, "-c", VERSIONS)
    assert subprocess.run([python, "-c", "import mtlcore"], capture_output=True).returncode != 0
    notebook = read(NOTEBOOKS[0])
    code(notebook)[0].source = FIRST_CELL.replace(ADDRESS, clone)
    folder = tmp_path / "empty"
    folder.mkdir()
    execute(notebook, folder, kernel)
    needed: dict[str, None] = {}  # in the order of the book, each line once
    for path in NOTEBOOKS:
        cells = code(read(path))[1:]
        lines = [line for cell in cells for line in imports(cell.source)]
        written = re.findall(r"^%%writefile .*/(\w+)\.py$", "\n".join(c.source for c in cells), re.MULTILINE)
        needed |= dict.fromkeys(line for line in lines if line.split()[1] not in written)
    run(python, "-c", "\n".join(needed), cwd=folder)
    assert run(python, "-c", VERSIONS) == before
