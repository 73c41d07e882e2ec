"""What the book's own pages take from the code: a widget, and the table of the stored results."""

from pathlib import Path

import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mtlcore import widgets
from mtlcore.experiments import EXPERIMENTS

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "book" / "results"


class Widget(SphinxDirective):
    """``{widget} Explorer`` puts the static view of that widget of `mtlcore.widgets` on the page."""

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


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("widget", Widget)
    app.add_directive("results", Results)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
