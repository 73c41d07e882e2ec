"""The random-weighting paper on CelebA: Table 7 and the right half of Figure 3.

Settings: Appendix C.2. The paper gives no number of epochs; 20 is our choice. The network starts from random
weights, because the paper does not say that it was pre-trained.
"""

from functools import partial

from mtlcore.experiments import vision
from mtlcore.experiments.engine.experiment import Config, Experiment
from mtlcore.experiments.rlw._methods import FIFTEEN
from mtlcore.models import MultiTaskModel, classifier
from mtlcore.tasks import MultiTaskData

ONE_TASK = "RLW(distribution='c-bernoulli')"

PAPER = {
    "seed": [0, 1, 2],
    "method": [*FIFTEEN, ONE_TASK],
    "data": "celeba",
    "size": 64,
    "epochs": 20,
    "batch_size": 512,
    "lr": 1e-3,
    "eps": 1e-8,
    "weight_decay": 0.0,
    "max_norm": None,
    "channels": 64,
}
LAPTOP = PAPER | {
    "method": ["Static", "RLW", ONE_TASK, "RGW"],
    "size": 32,
    "epochs": 5,
    "channels": 16,
}
SMOKE = PAPER | {
    "seed": [0],
    "method": ["Static", "RLW", ONE_TASK, "CAGrad"],
    "data": "synthetic-faces",
    "size": 16,
    "epochs": 2,
    "batch_size": 60,
    "lr": 1e-2,
    "channels": 4,
}


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
    """Make the data, and a ResNet-18 with two outputs a task.

    Parameters
    ----------
    config : dict
        The configuration.

    Returns
    -------
    data : MultiTaskData
        The data.
    model : MultiTaskModel
        The network.
    """
    data = vision.data_of(config, "size")
    return data, classifier([2] * len(data.tasks), width=config["channels"])


experiment = Experiment(
    name="rlw-celeba",
    title="Forty attributes of faces",
    source="random-weighting paper, Table 7 and Figure 3",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=partial(vision.run, start),
)
