"""Text chunking with part-of-speech tagging as auxiliary task: accuracy against the weight λ.

Settings: Projection paper, Section 4.5 and Appendix B.4, and its public code: windows of ten words, each read
from its first word on without memory of the window before; clipped gradients; each variable projected apart.
The text says 300 epochs and the supplement 40; the runs had up to 300. The paper's accuracy is that of the
last batch of 1,280 words of the test part. Here it is that of the whole part, and the last batch's is a
column of its own.

Ours: early stopping by the main task's validation accuracy, where the code takes its loss; batches drawn anew
in every epoch. The preset ``laptop`` has the open text of CoNLL-2000, a twentieth of its training windows,
the 2,000 most frequent words, a smaller network, a larger learning rate, smaller batches and fewer epochs.
"""

from functools import lru_cache
from typing import Any

import pandas as pd
from torch import Tensor, nn

from mtlcore.data import load
from mtlcore.experiments.engine.experiment import Config, Experiment, Result
from mtlcore.experiments.engine.training import train_and_test
from mtlcore.experiments.projection._methods import MULTITASK, at, compared
from mtlcore.models import MultiTaskModel
from mtlcore.tasks import MultiTaskData, Split
from mtlcore.train import evaluate

PLAIN = "Projection(lam={lam}, per='variable')"
SMOOTHED = "Projection(lam={lam}, per='variable', smoothing=0.01)"

PAPER: dict[str, Any] = {
    "seed": list(range(50)),
    "method": [
        "SingleTask",
        *at([0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100], MULTITASK, *compared(["variable"], [1, 0.01])),
    ],
    "data": "conll2003",
    "windows": None,
    "words": 30_000,
    "embedding": 300,
    "hidden": 128,
    "epochs": 300,
    "patience": 25,
    "batch_size": 128,
    "stretches": 128,
    "lr": 1e-4,
    "max_norm": 1.0,
}
LAPTOP = PAPER | {
    "seed": [0, 1, 2],
    "method": ["SingleTask", *at([1, 100], MULTITASK, PLAIN, SMOOTHED)],
    "data": "conll2000",
    "windows": 1000,
    "words": 2000,
    "embedding": 100,
    "hidden": 64,
    "epochs": 15,
    "patience": 5,
    "batch_size": 32,
    "lr": 3e-3,
}
SMOKE = LAPTOP | {
    "seed": [0],
    "data": "synthetic-chunks",
    "words": 40,
    "windows": 20,
    "batch_size": 8,
    "stretches": 8,
    "epochs": 2,
}

_data = lru_cache(maxsize=1)(load)
"""Reading the text takes seconds."""


class Reader(nn.Module):
    """Word numbers (N, L) to features (N, hidden, L): an embedding and two LSTM layers, left to right.

    Parameters
    ----------
    words : int
        Number of words, the unknown one not counted.
    embedding : int
        Size of the embedding.
    hidden : int
        Number of units of each layer.
    """

    def __init__(self, words: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words + 1, embedding)
        nn.init.uniform_(self.words.weight, -0.1, 0.1)
        self.layers = nn.LSTM(embedding, hidden, num_layers=2, batch_first=True)
        self.dropout = nn.Dropout(0.2)

    def forward(self, words: Tensor) -> Tensor:
        features: Tensor = self.dropout(self.layers(self.dropout(self.words(words)))[0])
        return features.transpose(1, 2)


def start(config: Config) -> tuple[MultiTaskData, MultiTaskModel]:
    """Make the data, the same for every seed, and the network."""
    data = _data(config["data"], windows=config["windows"], words=config["words"])
    trunk = Reader(config["words"], config["embedding"], config["hidden"])
    heads = []
    for targets in zip(*(split.targets for split in (data.train, data.validation, data.test)), strict=True):
        head = nn.Conv1d(config["hidden"], 1 + max(int(target.max()) for target in targets), 1)
        weight, bias = head.parameters()
        nn.init.uniform_(weight, -0.1, 0.1)
        nn.init.zeros_(bias)
        heads.append(head)
    return data, MultiTaskModel(trunk, heads)


def last_batch(split: Split, stretches: int = 128) -> Split:
    """Take the paper's last batch: the last window of each of equal stretches of the text.

    Parameters
    ----------
    split : Split
        Windows in the order of the text.
    stretches : int, default 128
        Their number, the paper's batch size. Windows that are left over are dropped.

    Returns
    -------
    last : Split
        The last windows.
    """
    length = len(split) // stretches
    batch = split.read(slice(length - 1, length * stretches, length))
    return Split(batch.inputs, batch.targets)


def run(config: Config, device: str) -> Result:
    """Train with early stopping and test the best epoch.

    Parameters
    ----------
    config : dict
        The configuration.
    device : str
        Device of torch.

    Returns
    -------
    result : Result
        Accuracy of both tasks on the whole test part, the main task's on the paper's last batch, and its
        validation accuracies at the best and at the last epoch; no curve.
    """

    def test(model: MultiTaskModel, data: MultiTaskData, history: pd.DataFrame) -> dict[str, Any]:
        found = evaluate(model, data.test, data.tasks)
        last = evaluate(model, last_batch(data.test, config["stretches"]), data.tasks)
        validation = history["validation_accuracy.chunk"]
        return {
            "test_accuracy": found["accuracy.chunk"],
            "test_accuracy.last_batch": last["accuracy.chunk"],
            "test_accuracy.pos": found["accuracy.pos"],
            "validation_accuracy": float(validation.max()),
            "validation_accuracy.final": float(validation.iloc[-1]),
            "best_epoch": int(history["epoch"][validation.argmax()]),
            "epochs_made": len(history),
        }

    return train_and_test(
        config,
        device,
        start,
        test=test,
        curve=lambda history, data: history.iloc[:0],
        patience=config["patience"],
        monitor="chunk",
    )


experiment = Experiment(
    name="projection-chunking",
    title="Text chunking, with parts of speech as auxiliary task",
    source="Projection paper, Figures 6 and 12",
    presets={"smoke": SMOKE, "laptop": LAPTOP, "paper": PAPER},
    run=run,
)
