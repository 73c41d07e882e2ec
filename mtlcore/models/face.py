"""The convolutional network of the face experiments."""

from __future__ import annotations

from torch import nn

from mtlcore.models.multitask import MultiTaskModel


def face_net(landmarks: int = 10, size: int = 40) -> MultiTaskModel:
    """Make the network of the Projection paper's face experiments.

    Four convolutions with 16, 48, 64 and 64 channels and kernels of 5, 3, 3 and 2 pixels, the first three
    with max-pooling, then a fully connected layer of 100 units; ReLU throughout. Weights are initialised as
    by Keras' defaults: Glorot's uniform distribution, and zero for biases.

    Parameters
    ----------
    landmarks : int, default 10
        Number of outputs of the second task.
    size : int, default 40
        Height and width of the images, in pixels.

    Returns
    -------
    model : MultiTaskModel
        Input: grey images (N, 1, size, size) in [0, 1]. Outputs: (N, 1), the log-odds of the attribute, and
        (N, landmarks), coordinates as fractions of the image, after a sigmoid as in the public code.

    Raises
    ------
    ValueError
        If the images are too small.

    References
    ----------
    Projection paper, Appendix B.2, after Zhang et al. (2014).

    Examples
    --------
    >>> [output.shape for output in mtl.models.face_net()(torch.rand(5, 1, 40, 40))]
    [torch.Size([5, 1]), torch.Size([5, 10])]
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
