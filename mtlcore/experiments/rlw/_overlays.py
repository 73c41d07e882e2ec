"""What the experiments on overlaid images share."""

import torch

from mtlcore.models import MultiTaskModel, lenet
from mtlcore.tasks import MultiTaskData, Split


def network(data: MultiTaskData) -> MultiTaskModel:
    """Make the LeNet for images of 36 x 36 or of 11 x 11 pixels."""
    assert isinstance(data.train.inputs, torch.Tensor)
    size = data.train.inputs.shape[-1]
    model = lenet(size=size, kernels=(9, 5) if size == 36 else (3, 3))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def first(split: Split, samples: int) -> Split:
    """Take the first samples of a split of images."""
    assert isinstance(split.inputs, torch.Tensor)
    return Split(split.inputs[:samples], tuple(y[:samples] for y in split.targets))
