"""What an experiment is: a grid declared as data, and a function that makes one run of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from mtlcore._names import nearest
from mtlcore.methods import canonical

Config = dict[str, Any]
"""The settings of one run: JSON values by name. A method is its canonical text."""

Grid = Mapping[str, Any]
"""Settings of many runs: a list is an axis of the grid, anything else is the same in every run."""


@dataclass(frozen=True)
class Result:
    """The numbers of one run.

    Parameters
    ----------
    row : dict
        The row of the run: numbers by column.
    curve : list of dict, optional
        One row an epoch, or a test.
    """

    row: dict[str, Any]
    curve: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Experiment:
    """A table or figure, declared as data.

    The first axis of a grid varies slowest; put the seed first, so that a sweep that was stopped half-way
    holds whole seeds. A method is the text that ``mtlcore.methods.make`` reads and
    ``mtlcore.methods.describe`` writes, such as ``"GradNorm(alpha=0.12)"``: it names the run and stands in
    the stored rows, so that another argument is another run.

    Parameters
    ----------
    name : str
        Name of the experiment, and of its files.
    title : str
        What it shows.
    source : str
        Which table or figure of which paper.
    presets : dict from str to Grid or sequence of Grid
        The settings of each preset; the grids of a sequence are made one after the other.
    run : callable
        ``run(config, device)`` makes one run and returns its :class:`Result`. It must depend on its
        configuration alone.
    methods : collection of str, default ("method",)
        The settings whose values are texts of methods.
    not_methods : collection of str, optional
        Values that these settings may have besides, such as ``"plain torch"``.

    Raises
    ------
    ValueError
        If a method of a preset is not written as its canonical text.
    """

    name: str
    title: str
    source: str
    presets: Mapping[str, Grid | Sequence[Grid]]
    run: Callable[[Config, str], Result]
    methods: Collection[str] = ("method",)
    not_methods: Collection[str] = ()

    def __post_init__(self) -> None:
        for text in {*self._method_texts()} - {*self.not_methods}:
            try:
                short = canonical(text)
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from None
            if text != short:
                raise ValueError(f"{self.name}: write the method {text!r} as {short!r}")

    def _method_texts(self) -> Iterator[str]:
        for grid in (grid for preset in self.presets for grid in self._grids(preset)):
            for key in self.methods:
                values = grid.get(key, [])
                yield from values if isinstance(values, list) else [values]

    def configurations(self, preset: str) -> list[Config]:
        """List every configuration of a preset, in the order of its grids.

        Parameters
        ----------
        preset : str
            One of the presets.

        Returns
        -------
        configurations : list of dict
            One a run.

        Raises
        ------
        ValueError
            If there is no such preset.
        """
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
