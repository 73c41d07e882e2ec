"""The ResNet backbone: the paper's sizes, dilation, and weights from a file."""

from pathlib import Path

import pytest
import torch
from helpers.files import Trap
from torch import nn

from mtlcore.models import branches, classifier, deeplab
from mtlcore.models.backbone import Normalise, backbone


@pytest.mark.parametrize(("depth_", "parameters", "last"), [(18, 11_176_512, 512), (50, 23_508_032, 2048)])
def test_a_backbone_is_that_of_the_paper(depth_: int, parameters: int, last: int) -> None:
    """As many parameters as torchvision's, whose last layer has 1,000 (C + 1) more."""
    network = backbone(depth_)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert network.layer4[0].downsample[0].weight.shape[0] == last
    names = set(network.state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv2.weight", "layer4.1.bn2.bias"} <= names
    assert ("layer1.0.conv3.weight" in names) == (depth_ == 50) == ("layer1.0.downsample.1.weight" in names)
    assert len(names) == {18: 120, 50: 318}[depth_], "as torchvision's, without fc.weight and fc.bias"


@pytest.mark.parametrize("depth_", [18, 50])
def test_a_dilated_backbone_sees_the_same_at_more_places(depth_: int) -> None:
    coarse, images = backbone(depth_, width=4).eval(), torch.rand(2, 3, 64, 96)
    for module in coarse.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
    expected = coarse(images)
    assert expected.shape[2:] == (2, 3) and expected.std() > 0
    for stride in (16, 8, 4):
        fine = backbone(depth_, width=4, stride=stride).eval()
        fine.load_state_dict(coarse.state_dict())
        found = fine(images)
        assert found.shape[2:] == (64 // stride, 96 // stride)
        step = 32 // stride
        torch.testing.assert_close(found[:, :, ::step, ::step], expected, rtol=1e-4, atol=1e-4)


def test_weights_from_a_file(tmp_path: Path) -> None:
    """A file as torchvision's: our names, and a last layer that is left out."""
    donor = backbone(18, width=4)
    file = tmp_path / "resnet18.pth"
    torch.save(donor.state_dict() | {"fc.weight": torch.zeros(9, 32), "fc.bias": torch.zeros(9)}, file)
    loaded = backbone(18, width=4, stride=8, weights=file).state_dict()
    for name, value in donor.state_dict().items():
        assert torch.equal(loaded[name], value), name
    images = torch.rand(2, 3, 32, 32)
    first = classifier([2], width=4, weights=file).eval().trunk(images)
    torch.testing.assert_close(first, donor.eval()(images).mean((2, 3)))
    for model in (
        deeplab([1], depth=18, width=4, head_width=4, weights=file),
        branches([1], depth=18, width=4, weights=file),
    ):
        assert torch.equal(model.trunk.conv1.weight, donor.conv1.weight)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    for wrong in (backbone(50, width=4).state_dict(), {"a": 1}, [1, 2]):
        torch.save(wrong, file)
        with pytest.raises(ValueError, match=r"weights\.pth does not contain a state dict of ResNet-18"):
            backbone(18, width=4, weights=file)
    torch.save(Trap(tmp_path / "sprung"), file)
    with pytest.raises(ValueError, match="does not contain a state dict"):
        backbone(18, width=4, weights=file)
    assert not (tmp_path / "sprung").exists(), "a pickle is never opened"
    file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="does not contain a state dict"):
        backbone(18, width=4, weights=file)
    with pytest.raises(FileNotFoundError):
        backbone(18, weights=tmp_path / "elsewhere.pth")


@pytest.mark.parametrize("wrong", [{"depth": 34}, {"stride": 2}])
def test_other_backbones_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="depth is 18 or 50 and stride 4, 8, 16 or 32"):
        backbone(**wrong)


def test_a_classifier_normalises_and_averages() -> None:
    torch.testing.assert_close(
        Normalise()(torch.full((1, 3, 1, 1), 0.5)).flatten(),
        torch.tensor([(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225]),
    )
    model = classifier([2, 5], width=4, normalise=True)
    assert isinstance(model.trunk[0], Normalise)
    assert [o.shape for o in model(torch.rand(3, 3, 40, 40))] == [(3, 2), (3, 5)]
