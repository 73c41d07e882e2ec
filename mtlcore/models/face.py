"""The convolutional network of the face experiments."""

from __future__ import annotations

from torch import nn

from mtlcore.models.multitask import MultiTaskModel


def face_net(landmarks: int = 10, size: int = 40) -> MultiTaskModel:
    """Four convolutions, three of them pooled, 100 units; a log-odds and the landmarks as heads.

    After Zhang et al. (2014), with ReLU (Projection paper, Appendix B.2): grey images (N, 1, size, size);
    16, 48, 64 and 64 channels, kernels of 5, 3, 3 and 2 pixels. Landmarks are shares of the image, so their
    head ends in a sigmoid, as in the public code. Initial weights are Glorot's and zero, Keras' defaults.

    Raises
    ------
    ValueError : the images are too small.
    """
    side, inputs = size, 1
    layers: list[nn.Module] = []
    for kernel, width, pooled in ((5, 16, True), (3, 48, True), (3, 64, True), (2, 64, False)):
        layers += [nn.Conv2d(inputs, width, kernel), nn.ReLU(), *([nn.MaxPool2d(2)] if pooled else [])]
        side, inputs = (side - kernel + 1) // (2 if pooled else 1), width
    if side < 1:
        raise ValueError(f"images of {size} pixels are too small; the least is 32")
    trunk = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * side**2, 100), nn.ReLU())
    heads = [nn.Linear(100, 1), nn.Sequential(nn.Linear(100, landmarks), nn.Sigmoid())]
    for module in (*trunk.modules(), heads[0], *heads[1].modules()):
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    return MultiTaskModel(trunk, heads)
