"""The picture of four architectures: grey is what both losses depend on, as in the networks."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import mtlcore as mtl
from mtlcore.book import schematics, style

BOTH, ONE = style.INK, {style.task_color(0), style.task_color(1)}
MAKE = {
    "hard sharing": mtl.models.lenet,
    "cross-stitch": mtl.models.lenet_cross_stitch,
    "MTAN": mtl.models.lenet_mtan,
    "NDDR-CNN": mtl.models.lenet_nddr,
}


@pytest.fixture
def panels():
    figure = schematics.sharing()
    yield {ax.get_title(loc="left") or ax.get_title(): ax for ax in figure.axes}
    plt.close(figure)


@pytest.mark.parametrize("name", MAKE)
def test_grey_layers_have_a_gradient_of_both_losses(panels, name: str) -> None:
    torch.manual_seed(0)
    model = MAKE[name](size=11, kernels=(2, 2))
    data = mtl.load("digits", train=64)
    signals = mtl.Signals(model, data.train.read(slice(0, 64)), data.tasks)
    rows = signals.jacobian().split(signals.sizes, 1)
    gradients = {id(p): g for p, g in zip(model.shared_parameters(), rows, strict=True)}
    layers = [m for m in model.trunk.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    layers = [layer for layer in layers if getattr(layer, "kernel_size", None) != (1, 1)]
    both = sum(bool((gradients[id(layer.weight)] != 0).any(1).all()) for layer in layers)
    boxes = [p for p in panels[name].patches if isinstance(p, Rectangle)]
    colors = [to_hex(box.get_edgecolor()) for box in boxes]
    assert colors.count(BOTH) == both
    heads = len([part for part in panels[name].texts if part.get_text() == "head"])
    assert heads == 2 and set(colors) - {BOTH} == ONE
