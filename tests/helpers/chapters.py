"""The book's notebooks: where they are, how they begin, and how their stored outputs are made.

python tests/helpers/chapters.py [NOTEBOOK ...]    runs them in place, each in a fresh kernel
"""

import os
import sys
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
FIRST_CELL = f"""\
try:
    import mtlcore as mtl
except ModuleNotFoundError:
    %pip install -q "mtlcore[book] @ git+{ADDRESS}"
    import mtlcore as mtl"""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}


def one_thread() -> dict[str, str]:
    """The environment of a kernel whose sums are the same on every number of cores."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(notebook: NotebookNode, folder: Path, kernel: str = "python3") -> None:
    """Run the notebook in `folder`, in a fresh kernel; raises CellExecutionError at the first error."""
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name=kernel,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=one_thread())


def normalise(notebook: NotebookNode) -> None:
    """Keep of the outputs what the reader needs and what is the same in every run.

    Progress bars go. Of a widget only its static view stays: the live one belongs to a kernel that
    is gone.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in code(notebook):
        cell.outputs = [output for output in cell.outputs if "\r" not in output.get("text", "")]
        for output in cell.outputs:
            if "text/html" in output.get("data", {}):
                output.data.pop("application/vnd.jupyter.widget-view+json", None)


def main(paths: list[Path]) -> None:
    for path in paths:
        print(path, flush=True)
        notebook = read(path)
        execute(notebook, path.parent)
        normalise(notebook)
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or NOTEBOOKS)
