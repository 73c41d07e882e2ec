"""The tables on pictures: losses and numbers by hand, networks, weights, experiments at smoke size."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import mtlcore as mtl
from mtlcore import Batch, Signals, Split, Task, reported
from mtlcore.data import load
from mtlcore.experiments import experiment, sweep, tables
from mtlcore.experiments import vision as pictures
from mtlcore.experiments.rlw import nyuv2 as rlw_nyuv2
from mtlcore.experiments.slaw import table2 as slaw_table2
from mtlcore.models import branches, classifier, cross_stitch, deeplab, face_net, mtan, nddr
from mtlcore.models.backbone import Normalise, backbone
from mtlcore.tasks.dense import depth, log_depth, measure_of, normals, segmentation
from mtlcore.tasks.task import UNLABELLED, area_under_roc

NAN = math.nan


def logits(classes: list[list[int]], number: int) -> torch.Tensor:
    """Outputs (1, number, H, W) whose largest is the class."""
    return F.one_hot(torch.tensor([classes]), number).movedim(-1, 1).float()


# --- segmentation -------------------------------------------------------------------------------


def test_segmentation_by_hand() -> None:
    """Class 0: 1 of 3 pixels in the union; class 1: 2 of 4; class 2 is nowhere; one pixel has no label."""
    targets = torch.tensor([[[0, 0, 1], [1, 1, UNLABELLED]]])
    outputs = logits([[0, 1, 1], [1, 0, 2]], 3)
    task = segmentation(3)
    assert measure_of(task)(outputs, targets) == pytest.approx(
        {"miou": (1 / 3 + 2 / 4) / 2, "pixel_accuracy": 3 / 5}
    )
    assert task.metric(outputs, targets) == pytest.approx(5 / 12)
    assert task.higher_is_better and task.metric_name == "miou"
    losses, mask = task.sample_losses(outputs, targets)
    expected = F.cross_entropy(outputs, targets, ignore_index=UNLABELLED)
    torch.testing.assert_close(losses, expected[None])
    assert mask.tolist() == [True]


def test_a_class_that_is_only_predicted_counts_against_the_mean() -> None:
    found = measure_of(segmentation(3))(logits([[0, 2]], 3), torch.tensor([[[0, 0]]]))
    assert found == pytest.approx({"miou": (1 / 2 + 0) / 2, "pixel_accuracy": 1 / 2})


# --- depth --------------------------------------------------------------------------------------


def test_depth_by_hand() -> None:
    targets = torch.tensor([[[[1.0, 2.0, NAN, 4.0]]]])
    outputs = torch.tensor([[[[2.0, 1.0, 9.0, 4.0]]]])
    task = depth()
    assert measure_of(task)(outputs, targets) == pytest.approx({"absolute": 2 / 3, "relative": (1 + 0.5) / 3})
    assert task.sample_losses(outputs, targets)[0].tolist() == pytest.approx([2 / 3])
    assert not task.higher_is_better and task.metric_name == "absolute"


def test_log_depth_by_hand() -> None:
    """Gaps 1, 3 and, without a label, any: mean square 5, half the squared mean 2."""
    targets = torch.tensor([[[[1.0, math.e, NAN]]], [[[NAN, NAN, NAN]]]])
    outputs = torch.tensor([[[[1.0, 4.0, 7.0]]], [[[1.0, 1.0, 1.0]]]])
    losses, mask = log_depth().sample_losses(outputs, targets)
    assert losses.tolist() == pytest.approx([5 - 0.5 * 4, 0]) and mask.tolist() == [True, False]
    assert log_depth(alpha=1).sample_losses(outputs, targets)[0][0].item() == pytest.approx(1)


def test_log_depth_forgets_the_scale_when_alpha_is_one() -> None:
    targets = torch.rand(2, 1, 3, 4) + 0.1
    outputs = torch.randn(2, 1, 3, 4)
    first, _ = log_depth(alpha=1).sample_losses(outputs, targets)
    second, _ = log_depth(alpha=1).sample_losses(outputs + 5, targets)
    torch.testing.assert_close(first, second, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("ratio", "right"), [(0.79, 0), (0.81, 1), (1, 1), (1.24, 1), (1.26, 0)])
def test_a_depth_is_right_within_a_quarter(ratio: float, right: int) -> None:
    targets = torch.tensor([[[[3.0, NAN]]]])
    found = measure_of(log_depth())(torch.full((1, 1, 1, 2), math.log(3 * ratio)), targets)
    assert found == {"accuracy": right}


# --- normals ------------------------------------------------------------------------------------


def test_normals_by_hand() -> None:
    """Angles 0, 10, 20, 25 and 90 degrees, at any length; the last pixel has no label."""
    angles = torch.tensor([0.0, 10, 20, 25, 90, 45]).deg2rad()
    outputs = torch.stack([angles.cos(), angles.sin(), 0 * angles]).view(1, 3, 1, 6) * 7
    targets = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).repeat(1, 1, 1, 6)
    targets[..., 5] = NAN
    task = normals()
    expected = {"mean": 29, "median": 20, "within_11.25": 0.4, "within_22.5": 0.6, "within_30": 0.8}
    assert measure_of(task)(outputs, targets) == pytest.approx(expected, rel=1e-4)
    assert task.metric(outputs, targets) == pytest.approx(29, rel=1e-4)
    loss = 1 - angles[:5].cos().mean().item()
    assert task.sample_losses(outputs, targets)[0].item() == pytest.approx(loss, rel=1e-5)
    assert normals(factor=0.5).sample_losses(outputs, targets)[0].item() == pytest.approx(loss / 2, rel=1e-5)


def test_an_image_without_a_label_has_no_loss_and_no_gradient() -> None:
    data = load("made-rooms")
    batch = data.train.read(slice(0, 3))
    for targets in batch.targets:
        targets[1] = NAN if targets.is_floating_point() else UNLABELLED
    outputs = [torch.randn(3, k, 16, 16, requires_grad=True) for k in (13, 1, 3)]
    for tasks in (data.tasks, (segmentation(13), log_depth(), normals())):
        for task, output, targets in zip(tasks, outputs, batch.targets, strict=True):
            losses, mask = task.sample_losses(output, targets)
            assert mask.tolist() == [True, False, True] and losses[1] == 0 and losses.isfinite().all()
            (gradient,) = torch.autograd.grad(losses.sum(), output)
            assert gradient.isfinite().all() and (gradient[1] == 0).all() and (gradient[0] != 0).any()


# --- one output, two classes --------------------------------------------------------------------


def test_a_log_odds_by_hand() -> None:
    task = Task.logistic("attractive")
    outputs, targets = torch.tensor([[0.0], [2.0], [2.0], [5.0]]), torch.tensor([1, 1, 0, UNLABELLED])
    losses, mask = task.sample_losses(outputs, targets)
    expected = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.exp(2)), 0]
    assert losses.tolist() == pytest.approx(expected, rel=1e-5) and mask.tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="class labels must be integers"):
        task.sample_losses(outputs, torch.ones(4))


def test_area_under_roc_by_hand() -> None:
    """Of the pairs (positive, negative), 3 of 4 are in order; the last entry has no label."""
    outputs = torch.tensor([[0.9], [0.3], [0.5], [0.1], [7.0]])
    assert area_under_roc(outputs, torch.tensor([1, 1, 0, 0, UNLABELLED])) == 0.75
    assert math.isnan(area_under_roc(outputs, torch.tensor([1, 1, 1, UNLABELLED, 1])))


# --- networks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("depth_", "parameters", "last"), [(18, 11_176_512, 512), (50, 23_508_032, 2048)])
def test_a_backbone_is_that_of_the_paper(depth_: int, parameters: int, last: int) -> None:
    """As many parameters as torchvision's, whose last layer has 1,000 (C + 1) more."""
    network = backbone(depth_)
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert network.layer4[0].downsample[0].weight.shape[0] == last
    names = set(network.state_dict())
    assert {"conv1.weight", "bn1.running_var", "layer1.0.conv2.weight", "layer4.1.bn2.bias"} <= names
    assert ("layer1.0.conv3.weight" in names) == (depth_ == 50) == ("layer1.0.downsample.1.weight" in names)


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


def test_weights_that_you_bring(tmp_path: Path) -> None:
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


class Trap:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    for wrong in (backbone(50, width=4).state_dict(), {"a": 1}, [1, 2]):
        torch.save(wrong, file)
        with pytest.raises(ValueError, match=r"weights\.pth does not hold a state dict of ResNet-18"):
            backbone(18, width=4, weights=file)
    torch.save(Trap(tmp_path / "sprung"), file)
    with pytest.raises(ValueError, match="does not hold a state dict"):
        backbone(18, width=4, weights=file)
    assert not (tmp_path / "sprung").exists(), "a pickle is never opened"
    file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="does not hold a state dict"):
        backbone(18, width=4, weights=file)
    with pytest.raises(FileNotFoundError):
        backbone(18, weights=tmp_path / "elsewhere.pth")


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=r"imagenet/a\.pth is not in the cache.*pytorch\.org/models/a\.pth"
    ):
        pictures.weights_of({"weights": "a.pth"})
    (tmp_path / "imagenet").mkdir()
    (tmp_path / "imagenet/a.pth").touch()
    assert pictures.weights_of({"weights": "a.pth"}) == tmp_path / "imagenet/a.pth"
    assert pictures.weights_of({"weights": None}) is None


@pytest.mark.parametrize("wrong", [{"depth": 34}, {"stride": 2}])
def test_other_backbones_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="depth is 18 or 50 and stride 4, 8, 16 or 32"):
        backbone(**wrong)


@pytest.mark.parametrize("make", [deeplab, branches, cross_stitch, nddr, mtan])
def test_every_pixel_gets_an_answer(make) -> None:
    model = make((13, 1, 3), depth=18, width=4, head_width=6)
    images = torch.rand(2, 3, 32, 48)
    outputs = model(images)
    assert [o.shape for o in outputs] == [(2, 13, 32, 48), (2, 1, 32, 48), (2, 3, 32, 48)]
    sum(o.square().mean() for o in outputs).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert min(o.min() for o in outputs) < 0 < max(o.max() for o in outputs)


@pytest.mark.parametrize(
    ("make", "outputs", "size"),
    [
        *((make, (13, 1, 3), (288, 384)) for make in (deeplab, cross_stitch, nddr, mtan)),
        (deeplab, (7, 1), (128, 256)),
        (branches, (13, 1, 3), (120, 160)),
    ],
)
def test_at_the_papers_sizes_without_a_number(make, outputs: tuple[int, ...], size: tuple[int, int]) -> None:
    with torch.device("meta"):
        found = make(outputs)(torch.empty(2, 3, *size))
    assert [o.shape for o in found] == [(2, k, *size) for k in outputs]


def test_the_pyramid_looks_far() -> None:
    """Through rates of 12, 24 and 36 a pixel sees these neighbours; through its average, all."""
    (head,) = deeplab([1], depth=18, width=4, head_width=4).eval().heads
    convolutions = [m for m in head[0].modules() if isinstance(m, nn.Conv2d)]
    assert [(c.kernel_size[0], c.dilation[0]) for c in convolutions] == [
        (1, 1),
        (3, 12),
        (3, 24),
        (3, 36),
        (1, 1),
        (1, 1),
    ]
    z = torch.rand(1, 32, 41, 41, requires_grad=True)
    (seen,) = torch.autograd.grad(head[0].views[2](z)[0, :, 20, 20].sum() * 1e6, z)
    assert {tuple(place) for place in seen[0].abs().sum(0).nonzero().tolist()} <= {(20, 20)}
    assert head[0].whole(z).shape == (1, 4, 1, 1)


def test_stitches_of_one_and_none_keep_the_tasks_apart() -> None:
    model = cross_stitch([1, 1], depth=18, width=4, head_width=4)
    first, second = model.trunk.networks
    stitches = list(model.trunk.mixers)
    assert len(stitches) == 3 and all((s.units == 1).all() for s in stitches)
    images = torch.rand(2, 3, 16, 16)

    def reached() -> tuple[bool, bool]:
        model.zero_grad()
        model(images)[0].square().sum().backward()
        weights = [p.grad for net in (first, second) for p in (net.conv1.weight, net.layer4[0].conv1.weight)]
        assert weights[0].any() and weights[1].any() and (weights[3] is None or not weights[3].any())
        return bool(weights[0].any()), weights[2] is not None and bool(weights[2].any())

    assert reached() == (True, True), "the first task's loss reaches both networks' first layers"
    for stitch in stitches:
        stitch.units.data = torch.eye(2)
    assert reached() == (True, False)
    alone = torch.cat([first.eval()(images), second.eval()(images)], 1)
    torch.testing.assert_close(model.eval().features(images)[0], alone)


def test_nddr_starts_near_the_tasks_own_features() -> None:
    model = nddr([1, 1, 1], depth=18, width=4, head_width=4).eval()
    (*_, last) = model.trunk.mixers
    features = [torch.rand(1, 32, 2, 2) for _ in range(3)]
    found = last.eval()(features)
    expected = 0.9 * features[1] + 0.05 * (features[0] + features[2])
    torch.testing.assert_close(found[1], expected, rtol=1e-4, atol=1e-4)
    assert len(model.trunk.mixers) == 4 and model.features(torch.rand(1, 3, 16, 16))[0].shape[1] == 3 * 32


def test_mtan_sees_every_layer_through_its_mask() -> None:
    """With masks of one and nothing to carry, what is left is the last layer; with masks of zero, nothing."""
    model = mtan([1, 1], depth=50, width=4, head_width=4).eval()
    images = torch.rand(2, 3, 32, 48)
    z, network = model.features(images)[0], model.trunk.network
    attention = model.heads[1][0]
    taps = z.split(attention.split, 1)
    torch.testing.assert_close(F.pixel_shuffle(taps[1], 2), network[:5](images))
    torch.testing.assert_close(taps[6], network[7][:-1](network[:7](images)))
    torch.testing.assert_close(taps[7], network(images))
    for value in (1.0, 0.0):
        for mask in attention.masks:
            mask[-1] = nn.Threshold(math.inf, value)
        torch.testing.assert_close(attention(z), value * network(images))
    assert {len(list(h.parameters())) for h in model.heads} == {len(list(model.heads[0].parameters()))}


def test_a_classifier_normalises_and_averages() -> None:
    torch.testing.assert_close(
        Normalise()(torch.full((1, 3, 1, 1), 0.5)).flatten(),
        torch.tensor([(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225]),
    )
    model = classifier([2, 5], width=4, normalise=True)
    assert isinstance(model.trunk[0], Normalise)
    assert [o.shape for o in model(torch.rand(3, 3, 40, 40))] == [(3, 2), (3, 5)]


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


# --- what the experiments share -----------------------------------------------------------------


def test_scores_do_not_depend_on_the_batches() -> None:
    data = load("made-rooms", images=40)
    torch.manual_seed(0)
    model = deeplab((13, 1, 3), depth=18, width=4, head_width=4)
    few, whole = (pictures.scores(model, data.test, data.tasks, n, "cpu") for n in (7, 100))
    assert few == pytest.approx(whole, rel=1e-4) and list(few) == list(pictures.NUMBERS)
    with model.evaluating(), torch.no_grad():
        outputs = model(data.test.read(slice(None)).inputs)
    for task, output, targets in zip(data.tasks, outputs, data.test.targets, strict=True):
        assert few[f"{task.metric_name}.{task.name}"] == pytest.approx(task.metric(output, targets), rel=1e-4)


def test_scores_count_the_samples_of_a_shorter_task_once() -> None:
    """The first sample of the shorter task is wrong, its other two are right: 2/3, not 3/5 or 4/6."""
    inputs = (torch.eye(2)[[0, 1, 0, 1, 0]], torch.eye(2)[[1, 1, 0]])
    split = Split(inputs, (torch.tensor([0, 1, 0, 1, 1]), torch.tensor([0, 1, 0])))
    heads = [nn.Linear(2, 2, bias=False) for _ in range(2)]
    for head in heads:
        head.weight.data = torch.eye(2)
    model = mtl.MultiTaskModel(nn.Linear(2, 2, bias=False), heads)
    model.trunk.weight.data = torch.eye(2)
    tasks = [Task.classification("long"), Task.classification("short")]
    for size in (1, 2, 3, 5):
        found = pictures.scores(model, split, tasks, size, "cpu")
        assert found == pytest.approx({"accuracy.long": 4 / 5, "accuracy.short": 2 / 3})


NAMES = {
    "mIoU": "miou.segmentation",
    "pixel accuracy": "pixel_accuracy.segmentation",
    "absolute error": "absolute.depth",
    "relative error": "relative.depth",
    "mean angle": "mean.normals",
    "median angle": "median.normals",
    "within 11.25 degrees": "within_11.25.normals",
    "within 22.5 degrees": "within_22.5.normals",
    "within 30 degrees": "within_30.normals",
}


@pytest.mark.parametrize(("file", "rounding"), [("rlw-table-1", 0.02), ("rlw-table-6", 0.19)])
def test_improvement_makes_the_papers_last_column(file: str, rounding: float) -> None:
    printed = reported(file)
    wide = printed.pivot_table(index="method", columns="metric", values="value", sort=False)
    ours = wide.drop(columns="Delta_p").rename(columns=lambda name: "test_" + NAMES[name])
    rows = ours.reset_index().assign(seed=0).replace({"method": {"EW": "ew"}})
    found = pictures.improvement(rows, ["method"], "test_")
    assert found.loc["ew", "mean"] == 0 and (found["seeds"] == 1).all()
    theirs = wide["Delta_p"].rename({"EW": "ew"})
    assert (found["mean"] - theirs).abs().max() < rounding
    assert len(found) == 15


def test_improvement_is_against_equal_weights_at_the_same_seed() -> None:
    rows = pd.DataFrame(
        {
            "method": ["ew", "ew", "rgw", "rgw", "rgw"],
            "seed": [0, 1, 0, 1, 2],
            "test_absolute.depth": [1.0, 2.0, 0.5, 2.0, 9.0],
        }
    )
    found = pictures.improvement(rows, ["method"], "test_")
    assert found.loc["rgw", ["mean", "seeds"]].tolist() == [25, 2], "seed 2 has no baseline"


def test_improvement_is_against_hard_parameter_sharing() -> None:
    rows = pd.DataFrame(
        {"method": "ew", "architecture": ["hps", "mtan"], "seed": 0, "test_miou.segmentation": [0.5, 0.6]}
    )
    found = pictures.improvement(rows, ["method", "architecture"], "test_")["mean"]
    assert found.tolist() == pytest.approx([0, 20])


def test_the_methods_are_those_of_the_tables() -> None:
    ours = {"rlw": "rlw-normal", "mgda-ub": "mgda"}
    for number in (1, 6, 7, 8):
        printed = dict.fromkeys(reported(f"rlw-table-{number}")["method"].str.lower())
        assert [ours.get(name, name) for name in printed] == pictures.FIFTEEN
    pairs = [name.lower().split(" + ") for name in reported("rlw-table-4")["method"]]
    together = {f"{ours.get(b, b)}+{ours.get(a, a)}" for a, b in pairs if a != "vanilla" and b != "ew"}
    assert together == rlw_nyuv2.PAIRS.keys()
    five = reported("rlw-table-5").replace(
        {"method": {"RLW": "rlw-normal", "RLW+CAGrad": "rlw-normal+cagrad"}}
    )
    assert set(five["method"].str.lower()) == set(rlw_nyuv2.TABLE_5["method"])
    assert list(dict.fromkeys(five["architecture"].str.lower())) == list(rlw_nyuv2.ARCHITECTURES)
    printed = list(dict.fromkeys(reported("slaw-table-2")["method"].str.lower()))
    assert [{"uncertainty": "uw"}.get(name, name) for name in printed] == list(slaw_table2.METHODS)


def test_every_pair_fills_every_gradient() -> None:
    data = load("made-rooms")
    batch: Batch = data.train.read(slice(0, 4))
    torch.manual_seed(0)
    model = deeplab((13, 1, 3), depth=18, width=2, head_width=2)
    for name, make in rlw_nyuv2.PAIRS.items():
        model.zero_grad()
        pair = make()
        assert pair.losses.scale == "sum", "so that its weights are 1 on average"
        pair.backward(Signals(model, batch, data.tasks))
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters()), name
        model.rotations = None


def test_settings_are_those_of_slaws_appendix() -> None:
    printed = reported("slaw-appendix-c").query("dataset == 'NYUv2'").set_index("metric")["value"]
    paper = slaw_table2.PAPER
    assert paper["batch_size"] == int(printed["batch size"])
    assert paper["lr"] == float(printed["learning rate"])
    updates = paper["epochs"] * math.ceil((795 - paper["validation"]) / paper["batch_size"])
    assert updates == 660


@pytest.mark.parametrize("name", ["slaw-table2", "rlw-nyuv2", "rlw-cityscapes", "rlw-celeba", "rlw-office"])
def test_one_budget_for_every_method_and_no_run_twice(name: str) -> None:
    for preset in ("smoke", "laptop", "paper"):
        runs = experiment(name).configurations(preset)
        assert len({tuple(sorted(map(str, run.items()))) for run in runs}) == len(runs)
        budgets = {
            tuple((k, v) for k, v in run.items() if k not in ("seed", "method", "data", "architecture"))
            for run in runs
        }
        assert len(budgets) == 1


# --- the experiments ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "runs", "numbers"),
    [
        ("slaw-table2", 12, list(slaw_table2.ACCURACIES)),
        ("rlw-nyuv2", 24, [f"test_{n}" for n in pictures.NUMBERS]),
        ("rlw-cityscapes", 3, [f"test_{n}" for n in pictures.NUMBERS if not n.endswith("normals")]),
        ("rlw-celeba", 4, ["test_accuracy.attribute 8"]),
        ("rlw-office", 15, ["test_accuracy.red", "test_accuracy.blue"]),
    ],
)
def test_an_experiment_at_smoke_size(tmp_path: Path, name: str, runs: int, numbers: list[str]) -> None:
    one = experiment(name)
    report = sweep(one, "smoke", progress=False, folder=tmp_path)
    assert (report.made, report.failed) == (runs, [])
    rows, curves = tables(one, "smoke", tmp_path)
    assert np.isfinite(rows[numbers]).all(axis=None) and rows["step_seconds"].gt(0).all()
    assert rows["best_epoch"].isin([1, 2]).all() and len(curves) == 2 * runs
    assert np.isfinite(curves[["train_loss", "validation_loss"]]).all(axis=None)
    first = curves[(curves["epoch"] == 1) & (curves["seed"] == 0)]
    assert first["train_loss"].nunique() > 1, "the methods differ"


def test_slaws_losses_are_its_own() -> None:
    """Half of one minus the cosine, and depths as logarithms."""
    (config, *_) = experiment("slaw-table2").configurations("smoke")
    data, model = slaw_table2.start(config)
    assert [t.name for t in data.tasks] == ["segmentation", "depth", "normals"]
    opposite = [-torch.ones(1, 3, 1, 1), torch.ones(1, 3, 1, 1)]
    assert data.tasks[2].sample_losses(*opposite)[0].item() == pytest.approx(1)
    assert data.tasks[1].metric(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)) == 1
    assert [o.shape[1] for o in model(data.test.read(slice(0, 2)).inputs)] == [13, 1, 3]


def test_slaws_mean_and_spread_are_those_of_the_three_accuracies() -> None:
    (config, *_) = experiment("slaw-table2").configurations("smoke")
    row = slaw_table2.run(config, "cpu").row
    three = np.array([row[name] for name in slaw_table2.ACCURACIES])
    assert row["accuracy.mean"] == pytest.approx(three.mean())
    assert row["accuracy.std"] == pytest.approx(math.sqrt(((three - three.mean()) ** 2).mean()))


def test_the_test_is_read_at_the_best_validation_epoch() -> None:
    """The first epoch is the better one, so a second one changes nothing."""
    (config, *_) = experiment("rlw-celeba").configurations("smoke")
    config |= {"lr": 0.1}
    two, one = (experiment("rlw-celeba").run(config | {"epochs": n}, "cpu") for n in (2, 1))
    assert two.curve[1]["validation_loss"] > 2 * two.curve[0]["validation_loss"]
    assert two.row["best_epoch"] == 1
    assert two.row | {"step_seconds": 0} == one.row | {"step_seconds": 0}


def test_a_run_depends_on_its_configuration_alone() -> None:
    configs = experiment("rlw-office").configurations("smoke")
    first = experiment("rlw-office").run(configs[0], "cpu").row
    experiment("rlw-office").run(configs[5], "cpu")
    again = experiment("rlw-office").run(configs[0], "cpu").row
    assert {k: v for k, v in first.items() if k != "step_seconds"} == {
        k: v for k, v in again.items() if k != "step_seconds"
    }
