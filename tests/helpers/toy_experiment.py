"""A toy experiment with the real command line: `python toy_experiment.py run toy --jobs 2`.

The environment variable TOY_SECONDS says how long a run takes; TOY_FAIL names a seed that fails.
"""

import os
import sys
import time

import torch

from mtlcore.__main__ import main
from mtlcore.experiments import EXPERIMENTS, Experiment, Result


def run(config: dict, device: str) -> Result:
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
    if os.environ.get("TOY_FAIL") == str(config["seed"]):
        raise RuntimeError(f"seed {config['seed']}\nwas told to fail")
    generator = torch.Generator(device).manual_seed(config["seed"])
    losses = torch.rand(config["epochs"], generator=generator, device=device) * config["scale"]
    curve = [{"epoch": e + 1, "loss": loss} for e, loss in enumerate(losses.tolist())]
    return Result({"final_loss": losses[-1], "large": 10**9 + config["seed"]}, curve)


experiment = Experiment(
    name="toy",
    title="Random numbers",
    source="nobody",
    presets={
        "smoke": {"seed": [0, 1, 2, 10], "method": ["a", "b b"], "scale": 1 / 3, "epochs": 3},
        "laptop": {"seed": [0, 1], "method": ["a"], "scale": 1 / 7, "epochs": 2},
    },
    run=run,
    not_methods=["a", "b b"],
)

if __name__ == "__main__":
    EXPERIMENTS["toy"] = experiment
    sys.exit(main())
