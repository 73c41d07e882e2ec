"""The random-weighting paper's Table 8: objects in three and in four visual domains, one task a domain.

Settings: Appendix C.3; the number of epochs is the public code's (the paper gives none), whose additional
hidden layer is not in the paper and not here. Images are normalised as the pre-trained weights expect.
MGDA compares gradients at the parameters: tasks with images of their own have no representation in common.
"""

from functools import partial

from mtlcore.experiments import vision
from mtlcore.experiments.engine.experiment import Config, Experiment
from mtlcore.experiments.rlw._methods import GRADIENTS, LOSSES
from mtlcore.models import MultiTaskModel, classifier
from mtlcore.tasks import MultiTaskData

METHODS = [*LOSSES, *GRADIENTS]

PAPER = {
    "seed": [0, 1, 2],
    "data": ["office-31", "office-home"],
    "method": METHODS,
    "size": 224,
    "data_seed": 0,
    "epochs": 100,
    "batch_size": 128,
    "lr": 1e-4,
    "eps": 1e-8,
    "weight_decay": 1e-5,
    "max_norm": None,
    "channels": 64,
    "weights": "resnet18-f37072fd.pth",
}
LAPTOP = PAPER | {
    "data": ["office-31"],
    "method": ["Static", "RLW", "CAGrad", "RGW"],
    "size": 64,
    "epochs": 20,
}
SMOKE = PAPER | {
    "seed": [0],
    "data": ["synthetic-objects"],
    "size": 16,
    "epochs": 2,
    "batch_size": 20,
    "lr": 1e-2,
    "channels": 4,
    "weights": None,
}


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
    """Make the data, and a ResNet-18 with a head for the classes of each domain.

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
    data = vision.data_of(config, "size", seed=config["data_seed"])
    classes = [1 + int(labels.max()) for labels in data.train.targets]
    model = classifier(
        [max(classes)] * len(classes),
        width=config["channels"],
        normalise=True,
        weights=vision.weights_of(config),
    )
    return data, model


experiment = Experiment(
    name="rlw-office",
    title="Objects in several visual domains",
    source="random-weighting paper, Table 8",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=partial(vision.run, start),
)
