"""What the book's own pages take from the code: widgets, stored results, methods and their cost."""

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
from mtlcore.book.ledger import LEDGER, MEANINGS, Entry, Printed, Stored
from mtlcore.data import DATASETS
from mtlcore.data.dataset import NOT_CHECKED
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
            ours.append(f"*Stand-in:* {entry.ours.stand_in}" if entry.ours.stand_in else "")
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


class Verdicts(SphinxDirective):
    """``{verdicts}`` explains the words with which the ledger and the chapters judge a result."""

    def run(self) -> list[nodes.Node]:
        terms = [f"{word.capitalize()}\n: {meaning}\n" for word, meaning in MEANINGS.items()]
        return self.parse_text_to_nodes("\n".join(terms))


class Methods(SphinxDirective):
    """``{methods} FAMILY`` documents every method of a family, in the registry's order."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        family = [name for name, method in mtl.METHODS.items() if method.family == self.arguments[0]]
        blocks = [f".. autoclass:: mtlcore.{name}\n" for name in family]
        return self.parse_text_to_nodes("\n".join(["```{eval-rst}", *blocks, "```"]))


class Costs(SphinxDirective):
    """``{costs}`` counts the passes of one step of every method, as formulas in the number of tasks T.

    It counts them in a network with a narrow first layer and in one with a wide one: there the inner products
    of task gradients are taken without the gradients themselves.
    """

    TASKS = (5, 7, 11)
    WIDTHS = (5, 400)

    def run(self) -> list[nodes.Node]:
        lines = ["| Method | Family | Sees | Forward | Backward | Forward-mode | Partial |"]
        lines.append("|---|---|---|--:|--:|--:|--:|")
        for name, cls in mtl.METHODS.items():
            found = [[self.count(cls(), tasks, width) for tasks in self.TASKS] for width in self.WIDTHS]
            shown = [
                dict.fromkeys(self.formula([count[kind] for count in counts]) for counts in found)
                for kind in found[0][0]
            ]
            cells = " | ".join(map(" or ".join, shown))
            lines.append(f"| {name} | {cls.family} | {cls().sees} | {cells} |")
        return self.parse_text_to_nodes("\n".join(lines))

    def count(self, method: mtl.methods.Method, tasks: int, width: int) -> dict[str, int]:
        torch.manual_seed(0)
        model = mtl.models.mlp([width, 64, 4], [2] * tasks)
        batch = mtl.Batch(torch.randn(6, width), tuple(torch.randn(6, 2) for _ in range(tasks)))
        signals = mtl.Signals(model, batch, [mtl.Task.regression(str(i)) for i in range(tasks)], batch)
        method.backward(signals)
        method.after_step(signals)
        return asdict(signals.passes)

    def formula(self, counts: list[int]) -> str:
        """The line a T + b through the counts; an error where they are on none."""
        slope, rest = divmod(counts[1] - counts[0], self.TASKS[1] - self.TASKS[0])
        constant = counts[0] - slope * self.TASKS[0]
        if rest or any(n != slope * t + constant for n, t in zip(counts, self.TASKS, strict=True)):
            raise self.error(f"{counts} passes for {self.TASKS} tasks are not linear in T")
        multiple = {0: "", 1: "T"}.get(slope, f"{slope}T")
        return " + ".join(filter(None, [multiple, str(constant) if constant else ""]))


class Checks(SphinxDirective):
    """``{checks}`` says what is checked of the data files: the hashes, or what a data set declares."""

    def run(self) -> list[nodes.Node]:
        for source in (ROOT / "mtlcore" / "data").rglob("*.py"):
            self.env.note_dependency(str(source))
        pinned = [f"`{name}`" for name, data in DATASETS.items() if data.files and not data.checks]
        lines = [f"Every byte of the files of {', '.join(pinned)} is checked by size and SHA-256."]
        groups: dict[int, list[str]] = {}
        for name, data in DATASETS.items():
            if data.checks:
                groups.setdefault(id(data.checks), []).append(name)
        for names in groups.values():
            lines += [
                "",
                f"**{', '.join(f'`{name}`' for name in names)}**",
                "",
                "| Checked | Accepted |",
                "|---|---|",
            ]
            checks = DATASETS[names[0]].checks
            last = sorted(checks, key=lambda what: what == NOT_CHECKED)
            lines += [f"| {what} | {checks[what]} |" for what in last]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("widget", Widget)
    app.add_directive("results", Results)
    app.add_directive("ledger", Ledger)
    app.add_directive("verdicts", Verdicts)
    app.add_directive("methods", Methods)
    app.add_directive("costs", Costs)
    app.add_directive("checks", Checks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
