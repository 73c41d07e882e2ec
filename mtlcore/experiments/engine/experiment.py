"""What an experiment is: a grid declared as data, and a function that does one run of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from mtlcore._names import nearest

Config = dict[str, Any]
Grid = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What one run gives: one row of numbers, and optionally one row an epoch."""

    row: dict[str, Any]
    curve: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Experiment:
    """A table or figure, declared as data.

    `presets` maps a preset's name to its settings: a list is an axis of the grid, anything else is
    the same in every run. The first axis varies slowest; put the seed first, so that a sweep that
    was stopped half-way holds whole seeds. A sequence of such grids is made one after the other.
    `run(config, device)` does one run of a grid; it must depend on its configuration alone.
    """

    name: str
    title: str
    source: str
    presets: Mapping[str, Grid | Sequence[Grid]]
    run: Callable[[Config, str], Result]

    def configurations(self, preset: str) -> list[Config]:
        """Every configuration of the preset's grids, in order; ValueError if there is no such preset."""
        return [
            dict(zip(grid, values, strict=True))
            for grid in self._grids(nearest(preset, self.presets, f"preset of {self.name}"))
            for values in product(*(v if isinstance(v, list) else [v] for v in grid.values()))
        ]

    def _grids(self, preset: str) -> Sequence[Grid]:
        grids = self.presets[preset]
        return [grids] if isinstance(grids, Mapping) else grids

    @property
    def axes(self) -> list[str]:
        """The settings that are an axis of the grid in at least one preset."""
        grids = [grid for preset in self.presets for grid in self._grids(preset)]
        lists = [key for grid in grids for key in grid if isinstance(grid[key], list)]
        return list(dict.fromkeys(lists))
