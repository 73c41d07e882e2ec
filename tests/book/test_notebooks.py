"""Every notebook runs from a fresh kernel, keeps the shape of a chapter, and stores clean outputs."""

import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.chapters import FIRST_CELL, NOTEBOOKS, ROOT, code, one_thread, read
from nbformat import NotebookNode

from mtlcore.book import widgets
from mtlcore.book.ledger import MEANINGS
from mtlcore.book.widgets.base import source

NBVAL = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
    *("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "300"),
    *("--nbval-sanitize-with", "tests/book/sanitize.cfg"),
)
# What ruff.toml asks of a cell, and mtlcore.book.show of a source that a cell prints.
WIDTH = 76
IMAGES = {"image/png", "image/jpeg", "image/svg+xml"}
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def markdown(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in code(notebook) for output in cell.outputs]


def html(notebook: NotebookNode) -> list[str]:
    return [output.get("data", {}).get("text/html", "") for output in outputs(notebook)]


def prose_words(text: str) -> int:
    """Words of prose: no formulas, no fences and their options, no link targets."""
    for pattern in (r"\$\$.*?\$\$", r"\$[^$]*\$", r"^(:::|```).*$", r"^:\w+:.*$", r"\]\([^)]*\)"):
        text = re.sub(pattern, " ", text, flags=re.DOTALL if "$$" in pattern else re.MULTILINE)
    return len(re.findall(r"[^\W\d_][\w’'-]*", text))


def test_there_are_notebooks_and_the_book_shows_them_all() -> None:
    contents = (ROOT / "_toc.yml").read_text()
    pages = [path.relative_to(ROOT).with_suffix("").as_posix() for path in NOTEBOOKS]
    assert pages
    assert [page for page in pages if page not in contents] == []


@each
def test_it_runs_and_its_checked_outputs_are_fresh(path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *NBVAL, str(path)],
        cwd=ROOT,
        env=one_thread(),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(code(read(path)))} passed" in run.stdout


@each
def test_the_first_cell_is_the_same_everywhere(path: Path) -> None:
    assert code(read(path))[0].source == FIRST_CELL


@each
def test_it_has_the_size_of_a_chapter(path: Path) -> None:
    notebook = read(path)
    lines = [len(re.findall(r"^.*\S", cell.source, re.MULTILINE)) for cell in code(notebook)]
    assert 15 <= len(lines) <= 30
    assert statistics.median(lines) <= 8
    assert max(lines) <= 25
    assert 1200 <= prose_words(markdown(notebook)) <= 2500


@each
def test_no_line_of_code_is_cut_on_a_page(path: Path) -> None:
    notebook = read(path)
    shown = [cell.source for cell in code(notebook)[1:]]
    shown += [o.data["text/plain"] for o in outputs(notebook) if "text/markdown" in o.get("data", {})]
    assert [line for text in shown for line in text.split("\n") if len(line) > WIDTH] == []


@each
def test_it_is_one_run_from_top_to_bottom(path: Path) -> None:
    counts = [cell.execution_count for cell in code(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@each
def test_no_output_is_an_error_a_warning_or_a_progress_bar(path: Path) -> None:
    stored = outputs(read(path))
    assert [output for output in stored if output.output_type == "error"] == []
    assert [output.text for output in stored if output.get("name") == "stderr"] == []
    assert [output.text for output in stored if "\r" in output.get("text", "")] == []


@each
def test_every_figure_says_in_words_what_it_shows(path: Path) -> None:
    notebook = read(path)
    figures = [
        cell
        for cell in code(notebook)
        if any(IMAGES & output.get("data", {}).keys() for output in cell.outputs)
    ]
    silent = [
        cell.source
        for cell in figures
        if not cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "").strip()
    ]
    tags = [tag for page in html(notebook) for tag in re.findall(r"<img\b[^>]*>", page)]
    named = [cell for cell in figures if "name" in cell.metadata.get("mystnb", {}).get("figure", {})]
    assert silent == []
    shown = [[output for output in cell.outputs if "data" in output] for cell in named]
    assert [len(outputs) for outputs in shown] == [1] * len(named)  # each output would get the name
    assert [tag for tag in tags if not re.search(r'\balt="[^"]+"', tag)] == []
    assert re.findall(r"!\[\s*\]\(", markdown(notebook)) == []


@each
def test_its_widgets_are_those_of_today(path: Path) -> None:
    """A stored view holds style and script of its widget: both may have changed since the cell was run."""
    by_kind = {name.lower(): getattr(widgets, name) for name in widgets.__all__}
    views = re.findall(
        r'<style>(.*?)</style>.*?"mtl-widget mtl-(\w+)".*?<script type="application/json">(.*?)</script>',
        "".join(page for page in html(read(path)) if "mtl-static" in page),
        re.DOTALL,
    )
    old = [
        kind
        for style, kind, data in views
        if style != source("widgets.css") or json.loads(data)["module"] != str(by_kind[kind]._esm)
    ]
    assert old == []


@each
def test_no_picture_comes_from_elsewhere(path: Path) -> None:
    notebook = read(path)
    pages = [markdown(notebook), *html(notebook)]
    fetched = r"""!\[[^\]]*\]\(https?:[^)]*\)|<(?:img|script|iframe|link)\b[^>]*["']https?:[^>]*>"""
    assert [address for page in pages for address in re.findall(fetched, page)] == []


@each
def test_it_is_small(path: Path) -> None:
    assert path.stat().st_size < 1_500_000


@each
def test_no_cell_uses_what_hangs_a_build(path: Path) -> None:
    hanging = re.compile(r"\binteract(ive|_manual)?\(|@interact\b|\b(widgets|ipywidgets)\.Output\b")
    assert [cell.source for cell in code(read(path)) if hanging.search(cell.source)] == []


@each
def test_its_verdicts_are_those_of_the_ledger(path: Path) -> None:
    """In a table with the column "verdict" each row begins with a word of the list."""
    for table in re.findall(r"(?:^\|.*\n?){3,}", markdown(read(path)), re.MULTILINE):
        lines = [line.strip("|").split("|") for line in table.splitlines()]
        head, _, *rows = [[cell.strip() for cell in line] for line in lines]
        if "verdict" in head:
            words = [re.findall(r"\*\*(.+?)\*\*", row[head.index("verdict")])[:1] for row in rows]
            assert [word for word in words if not word or word[0] not in MEANINGS] == []
