"""The settings that decide SLAW's Table 1, changed one at a time; with none changed it is slaw-table1."""

from typing import Any

from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.slaw import _regression
from mtlcore.experiments.slaw._regression import CONSTANT, IDEAL_CONSTANT, SETTINGS, SMALL

CHANGES: dict[str, dict[str, Any]] = {
    "relu": {"activation": "relu"},
    "default init": {"init": "default"},
    "inputs of std 1": {"input_std": 1.0},
    "epsilon 1e-8": {"eps": 1e-8},
    "no clipping": {"max_norm": None},
}
"""What each changes: the text's ReLU; torch's own initial weights, inputs and epsilon, where the paper
is silent; and gradients as they are."""

FIXED = ("activation", "init", "input_std", "eps", "max_norm")

PAPER = {
    "seed": [0, 1, 2],
    "setting": list(CHANGES),
    "method": [CONSTANT, IDEAL_CONSTANT, "SLAW"],
    **{key: value for key, value in SETTINGS.items() if key not in FIXED},
}
LAPTOP = PAPER | {"seed": [0]}
SMOKE = PAPER | {"seed": [0, 1]} | SMALL


def run(config: Config, device: str) -> Result:
    """Make a run of Table 1 with one of its settings changed.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        The row of Table 1, with all settings; no curve.
    """
    settings = {key: SETTINGS[key] for key in FIXED} | CHANGES[config["setting"]]
    return Result(settings | _regression.run(config | settings, device).row)


experiment = Experiment(
    name="slaw-settings",
    title="Normalised loss on MTRegression with one setting changed",
    source="SLAW paper, Section 4.1 and Appendix C, and its public code",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
