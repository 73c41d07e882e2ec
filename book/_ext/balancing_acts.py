"""What the book's own pages take from the code: widgets, stored results, methods and their cost."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

import pandas as pd
import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import mtlcore as mtl
from mtlcore.book import widgets
from mtlcore.book.ledger import LEDGER, Entry, Printed, Stored
from mtlcore.experiments import EXPERIMENTS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "book" / "results"
PAPERS = ROOT / "book" / "papers"
SPACE = "\u00a0"
UNBROKEN = str.maketrans({" ": SPACE, "-": "−"})  # keeps a number on one line


class Widget(SphinxDirective):
    """``{widget} Explorer`` puts the static view of that widget of `mtlcore.book.widgets` on the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        for source in (ROOT / "mtlcore").rglob("*.*"):
            self.env.note_dependency(str(source))
        widget = getattr(widgets, self.arguments[0])()
        return [nodes.raw("", widget.html(), format="html")]


class Results(SphinxDirective):
    """``{results}`` lists the files of stored rows, and the commands that make each of them again."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(RESULTS))
        files = sorted(RESULTS.glob("*.csv"))
        strangers = [path.name for path in files if path.name.split(".")[0] not in EXPERIMENTS]
        if strangers:
            raise self.error(f"no experiment makes {', '.join(strangers)}")
        stored = [name for name in EXPERIMENTS if RESULTS / f"{name}.csv" in files]
        return [node for name in stored for node in self.section(name)]

    def section(self, name: str) -> list[nodes.Node]:
        files = sorted(RESULTS.glob(f"{name}.*csv"))
        for path in files:
            self.env.note_dependency(str(path))
        links = ", ".join(f"{{download}}`{path.name} <results/{path.name}>`" for path in files)
        table = ["| Preset | Runs | Seeds | Hours |", "|---|--:|--:|--:|"]
        commands = ["```console"]
        for preset, rows in pd.read_csv(RESULTS / f"{name}.csv").groupby("preset", sort=False):
            hours, seeds = rows["seconds"].sum() / 3600, rows["seed"].nunique()
            table.append(f"| {preset} | {len(rows)} | {seeds} | {hours:.2g} |")
            commands += [f"python -m mtlcore {do} {name} --preset {preset}" for do in ("run", "collate")]
        title = f"**{EXPERIMENTS[name].title}** ({EXPERIMENTS[name].source}): {links}"
        return self.parse_text_to_nodes("\n".join([title, "", *table, "", *commands, "```"]))


class Ledger(SphinxDirective):
    """``{ledger} PAPER`` lists every table and figure of a paper: the paper's numbers, ours, a verdict."""

    required_arguments = 1
    ACCESS: ClassVar = {"open": "open", "bring": "official files that you fetch", "closed": "not open"}

    def run(self) -> list[nodes.Node]:
        entries = (ROOT / "mtlcore" / "book" / "ledger").glob("*.py")
        for path in (PAPERS, *PAPERS.glob("*.csv"), RESULTS, *RESULTS.glob("*.csv"), *entries):
            self.env.note_dependency(str(path))
        lines = ["| What it shows | The paper | Ours | Verdict |", "|---|---|---|---|"]
        lines += [self.line(entry) for entry in LEDGER[self.arguments[0]]]
        table = self.parse_text_to_nodes("\n".join(lines))
        return [nodes.container("", *table, classes=["full-width", "ledger"], is_div=True)]

    def line(self, entry: Entry) -> str:
        shows = [f"**{entry.item}.** {entry.shows}"]
        if entry.data:
            shows.append(f"*Data:* {entry.data} ({self.ACCESS[entry.access]})")
        theirs = [part for numbers in entry.theirs for part in self.numbers(numbers)]
        if entry.access != "none" and not theirs:
            theirs = ["a plot without numbers"]
        theirs += [f"{{download}}`{n.file}.csv <papers/{n.file}.csv>`" for n in entry.theirs]
        ours, verdict = [entry.reason], [f"**{entry.status().capitalize()}**"]
        if entry.ours and not entry.ours.table().empty:
            ours = self.numbers(entry.ours)
            ours.append(f"*The paper's own data:* {entry.reason}" if entry.reason else "")
            verdict.append(entry.ours.because)
        if entry.criterion:
            verdict.append(f"*Reproduced if:* {entry.criterion}")
        if entry.ours:
            verdict.append(f"`{entry.ours.command}`")
        cells = [shows, theirs, ours, verdict]
        return "| " + " | ".join("<br>".join(filter(None, cell)) for cell in cells) + " |"

    def numbers(self, numbers: Printed | Stored) -> list[str]:
        """What they are, one line a number, and what the ± is."""
        lines = []
        for group, named in numbers.lines().items():
            lines += [f"{group}:"] if group else []
            indent = 3 * SPACE if group else ""
            lines += [f"{indent}{name} {number.translate(UNBROKEN)}" for name, number in named]
        source = numbers.source()
        return [f"*{numbers.what}*", *lines, f"({source})" if source else ""] if lines else []


class Methods(SphinxDirective):
    """``{methods} FAMILY`` documents every method of a family, in the registry's order."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        family = [name for name, method in mtl.METHODS.items() if method.family == self.arguments[0]]
        blocks = [f".. autoclass:: mtlcore.{name}\n" for name in family]
        return self.parse_text_to_nodes("\n".join(["```{eval-rst}", *blocks, "```"]))


class Costs(SphinxDirective):
    """``{costs}`` counts the passes of one step of every method, on a network with seven tasks."""

    TASKS = 7

    def run(self) -> list[nodes.Node]:
        lines = ["| Method | Family | Sees | Forward | Backward | Forward-mode | Partial |"]
        lines.append("|---|---|---|--:|--:|--:|--:|")
        for name, cls in mtl.METHODS.items():
            method = cls()
            counts = " | ".join(self.shown(n) for n in self.count(method).values())
            lines.append(f"| {name} | {cls.family} | {method.sees} | {counts} |")
        return self.parse_text_to_nodes("\n".join(lines))

    def count(self, method: mtl.methods.Method) -> dict[str, int]:
        torch.manual_seed(0)
        model = mtl.models.mlp([5, 8, 4], [2] * self.TASKS)
        data = mtl.Batch(torch.randn(6, 5), tuple(torch.randn(6, 2) for _ in range(self.TASKS)))
        tasks = [mtl.Task.regression(str(i)) for i in range(self.TASKS)]
        signals = mtl.Signals(model, data, tasks, data)
        method.backward(signals)
        return asdict(signals.passes)

    def shown(self, count: int) -> str:
        """A count in terms of T."""
        words = {0: "", self.TASKS: "T", self.TASKS + 2: "T + 2", 2 * self.TASKS: "2T"}
        return words.get(count, str(count))


SECTION = re.compile(r"(Parameters|Returns|Raises)$")
ENTRY = re.compile(r"(\w[\w, ]*) : (.+)")


def lay_out(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Set the sections of a docstring, with their entries ``name : text``, as definition lists."""
    result: list[str] = []
    for line in lines:
        if SECTION.match(line):
            result += [f".. rubric:: {line}", ""]
        elif entry := ENTRY.match(line):
            names = ", ".join(f"``{n.strip()}``" for n in entry[1].split(","))
            result += [names, f"    {entry[2]}"]
        elif not re.fullmatch(r"-{3,}", line):
            result.append(line)
    lines[:] = result


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("widget", Widget)
    app.add_directive("results", Results)
    app.add_directive("ledger", Ledger)
    app.add_directive("methods", Methods)
    app.add_directive("costs", Costs)
    app.connect("autodoc-process-docstring", lay_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
