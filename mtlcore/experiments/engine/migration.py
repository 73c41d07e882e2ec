"""From the run files and tables of mtlcore 0.3, where a method was a nickname, to those of today.

Up to 0.3 a configuration held a nickname, such as ``"gradnorm"``, whose arguments stood in the code of the
experiment. Now it holds the method itself, ``"GradNorm(alpha=0.12)"``. Configuration, file name and run id
of a run change with it; its numbers do not.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mtlcore.experiments.engine.experiment import Config, Experiment
from mtlcore.experiments.engine.files import read_run, run_id, run_path, runs_folder, write_atomically

Aliases = Mapping[str, Mapping[str, str]]
"""By setting, what each value of 0.3 is called today. No two values of 0.3 have one name."""

_RLW = {
    "rlw-normal": "RLW",
    **{f"rlw-{d}": f"RLW(distribution='{d}')" for d in ("uniform", "dirichlet", "bernoulli", "c-bernoulli")},
}
_POS = {
    **{"ew": "Static", "uw": "UW(kind='classification')", "dwa": "DWA", "imtl-l": "IMTLL", "moml": "MOML"},
    **_RLW,
    **{"slaw": "SLAW", "mgda": "MGDA", "gradnorm": "GradNorm", "pcgrad": "PCGrad", "graddrop": "GradDrop"},
    **{"imtl-g": "IMTLG", "gradvac": "GradVac", "cagrad": "CAGrad", "rotograd": "RotoGrad", "rgw": "RGW"},
}
_VISION = _POS | {"uw": "UW", "mgda": "MGDA(level='features')"}
_NYUV2 = _VISION | {
    f"{losses}+{gradients}": f"Compose({first}, {_VISION[gradients]})"
    for gradients in list(_VISION)[list(_VISION).index("mgda") :]
    for losses, first in (
        *(("uw", "UW"), ("dwa", "DWA"), ("imtl-l", "IMTLL")),
        ("rlw-normal", "RLW(scale='sum')"),
    )
}
_SLAW = {
    "constant": "Static(scale='sum')",
    "ideal": (
        "Static(weights=(1.0, 0.25, 0.1111111111111111, 0.0625, 0.04, 0.027777777777777776, "
        "0.02040816326530612, 0.015625, 0.012345679012345678, 0.01))"
    ),
    "ideal-sum-10": (
        "Static(weights=(6.452579827864142, 1.6131449569660354, 0.7169533142071268, 0.40328623924150886, "
        "0.25810319311456564, 0.1792383285517817, 0.13168530260947225, 0.10082155981037721, "
        "0.07966147935634742, 0.06452579827864141))"
    ),
    "uw": "UW(init=-0.6931471805599453)",
    "imtl-l": "IMTLL",
    "gradnorm": "GradNorm(alpha=0.12)",
    "dwa": "DWA(pace='step')",
    "dwa-epoch": "DWA",
    "pcgrad": "PCGrad",
    "slaw": "SLAW",
    "slaw-zero": "SLAW(init='zero')",
}
_STEPS = {
    f"{name} at features": f"{name}(level='features')"
    for name in ("MGDA", "PCGrad", "GradDrop", "IMTLG", "GradVac", "CAGrad")
}
_DATA = {
    f"made-{name}": f"synthetic-{name}"
    for name in ("faces", "molecules", "objects", "pos", "rooms", "streets")
}

ALIASES: Mapping[str, Aliases] = {
    "rlw-figure1": {"method": {"ew-mean": "Static", "ew-sum": "Static(scale='sum')", "rlw-normal": "RLW"}},
    "rlw-pos": {"method": _POS, "data": _DATA},
    "rlw-distributions": {"method": _POS, "data": _DATA},
    "rlw-nyuv2": {"method": _NYUV2, "data": _DATA},
    "rlw-cityscapes": {"method": _VISION, "data": _DATA},
    "rlw-celeba": {"method": _VISION, "data": _DATA},
    "rlw-office": {"method": _VISION | {"mgda": "MGDA"}, "data": _DATA},
    "slaw-table1": {"method": _SLAW},
    "slaw-settings": {"method": _SLAW},
    "slaw-table2": {"method": _SLAW | {"gradnorm": "GradNorm"}, "data": _DATA},
    "slaw-figure2": {"method": _SLAW | {"pcgrad-plain": "plain PCGrad"}, "data": _DATA},
    "slaw-figure3": {
        "statistics": {"arithmetic": "SLAW", "zero": "SLAW(init='zero')"},
        "trained_with": {"constant": "Static(scale='sum')"},  # "slaw" is that of the statistics: see renamed
    },
    "step-cost": {"method": _STEPS},
    "step-scaling": {"method": _STEPS},
}
"""The aliases of each experiment of 0.3."""


def renamed(experiment: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the settings of a run, or of a row of a table, of 0.3.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    settings : dict
        The settings of the run, among other columns perhaps.

    Returns
    -------
    settings : dict
        The same with today's names; equal to what was given if it has them already.
    """
    new = dict(settings)
    for key, aliases in ALIASES.get(experiment, {}).items():
        if key in new:
            new[key] = aliases.get(new[key], new[key])
    if experiment == "slaw-figure3" and settings["trained_with"] == "slaw":
        new["trained_with"] = new["statistics"]
    return new


def _before(experiment: str, config: Config) -> Config:
    """The configuration of a run as it was in 0.3."""
    old = dict(config)
    for key, aliases in ALIASES.get(experiment, {}).items():
        names = {new: name for name, new in aliases.items()}
        if key in old:
            old[key] = names.get(old[key], old[key])
    if experiment == "slaw-figure3" and config["trained_with"] == config["statistics"]:
        old["trained_with"] = "slaw"
    return old


def old_run_ids(experiment: Experiment) -> dict[str, str]:
    """Map the run ids of 0.3 to those of today.

    Parameters
    ----------
    experiment : Experiment
        The experiment.

    Returns
    -------
    ids : dict from str to str
        For every declared run, in any preset, whose id has changed.
    """
    ids = {}
    for preset in experiment.presets:
        for config in experiment.configurations(preset):
            old, new = run_id(_before(experiment.name, config)), run_id(config)
            if old != new:
                ids[old] = new
    return ids


def migrate_runs(experiment: Experiment, folder: str | Path | None = None) -> int:
    """Rename the run files of an experiment that mtlcore 0.3 wrote, and the methods in them.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    folder : str or Path, optional
        Folder of the run files. By default the one that ``MTLCORE_RUNS`` names, or else ``.runs``.

    Returns
    -------
    changed : int
        How many files were renamed. Files that are not whole stay as they are.
    """
    changed = 0
    for path in sorted((runs_folder(folder) / experiment.name).glob("*/*.json")):
        try:
            record = read_run(path)
        except ValueError:
            continue
        config = renamed(experiment.name, record["config"])
        if config == record["config"]:
            continue
        new = run_path(experiment, path.parent.name, config, folder)
        if not new.exists():
            write_atomically(new, json.dumps(record | {"config": config}) + "\n")
        path.unlink()
        changed += 1
    return changed


def migrate_table(experiment: Experiment, path: Path) -> int:
    """Rename the runs and methods in a table that ``collate`` of mtlcore 0.3 wrote.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    path : Path
        Its table of rows or of curves.

    Returns
    -------
    changed : int
        How many rows were changed. All other text of the file stays as it is.
    """
    with open(path, encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file)
    ids, changed = old_run_ids(experiment), 0
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        new = renamed(experiment.name, row)
        new["run"] = ids.get(row["run"], row["run"])
        writer.writerow(new.values())
        changed += new != row
    if changed:
        write_atomically(path, text.getvalue())
    return changed
