"""A folded code cell that follows a solution goes into the solution's box."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node


class CellsOfSolutions(SphinxPostTransform):
    # Before myst_nb folds cells, at 199.
    default_priority = 190
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for solution in self.document.findall(solution_node):
            while (cell := solution.next_node(descend=False, siblings=True)) and is_folded(cell):
                cell.parent.remove(cell)
                del cell["hide_mode"]
                solution.append(cell)


def is_folded(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("hide_mode") == "all"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(CellsOfSolutions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
