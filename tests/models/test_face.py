"""The face network."""

import pytest
import torch

from mtlcore.models import face_net


def test_the_face_network_by_hand() -> None:
    """40 pixels become 36, 18, 16, 8, 6, 3 and 2; the landmarks are shares."""
    model = face_net()
    convolutions = 16 * 26 + 48 * (16 * 9 + 1) + 64 * (48 * 9 + 1) + 64 * (64 * 4 + 1)
    assert sum(p.numel() for p in model.parameters()) == convolutions + 100 * 257 + 101 + 10 * 101
    odds, places = model(100 * torch.rand(5, 1, 40, 40))
    assert odds.shape == (5, 1) and places.shape == (5, 10)
    assert places.min() >= 0 and places.max() <= 1
    assert face_net(size=32)(torch.rand(1, 1, 32, 32))[0].shape == (1, 1)
    with pytest.raises(ValueError, match="images of 31 pixels are too small; the least is 32"):
        face_net(size=31)
