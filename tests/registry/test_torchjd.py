"""Our rules against torchjd's, wherever both have one; where they differ, the test says why."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import mtlcore as mtl
from mtlcore.methods.base import Method
from mtlcore.methods.gradients.cagrad import CAGrad
from mtlcore.methods.gradients.graddrop import shares
from mtlcore.methods.gradients.gradvac import GradVac
from mtlcore.methods.gradients.imtlg import IMTLG
from mtlcore.methods.gradients.mgda import MGDA

torchjd = pytest.importorskip(
    "torchjd.aggregation", reason="compares with torchjd: install the extra 'peers'"
)
seeds = pytest.mark.parametrize("seed", range(10))


def random_gradients(seed: int, tasks: int | None = None) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tasks or 2 + seed % 4, 6, generator=generator, dtype=torch.float64) + 0.2


@seeds
def test_mgda(seed: int) -> None:
    """torchjd's is Frank-Wolfe, stopped early: ours is never longer, and theirs not far on mild problems."""
    gradients = random_gradients(seed)
    ours = MGDA().direction(gradients).norm()
    assert ours <= torchjd.MGDA()(gradients).norm() * (1 + 1e-12)
    theirs = torchjd.MGDA(epsilon=1e-12, max_iters=20_000)(gradients).norm()
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=0)


def test_mgda_badly_scaled() -> None:
    """There stopping early is no detail."""
    gradients = random_gradients(0, 5) * 10.0 ** torch.arange(-2, 3)[:, None]
    assert torchjd.MGDA()(gradients).norm() > 1.01 * MGDA().direction(gradients).norm()


@seeds
def test_imtlg(seed: int) -> None:
    gradients = random_gradients(seed)
    torch.testing.assert_close(IMTLG().direction(gradients), torchjd.IMTLG()(gradients))


def test_imtlg_differs_on_parallel_gradients_and_on_large_ones() -> None:
    """torchjd inverts the Gramian, ours its cosines: so two tasks weigh by inverse norms at every angle,
    and no fixed threshold takes large gradients for opposite ones."""
    parallel = torch.tensor([[1.0, 0], [2, 0]], dtype=torch.float64)
    torch.testing.assert_close(IMTLG().direction(parallel), parallel[0] * 4 / 3)
    torch.testing.assert_close(torchjd.IMTLG()(parallel), parallel[0] * 5 / 3)
    large = 1e13 * random_gradients(0)
    torch.testing.assert_close(IMTLG().direction(large), 1e13 * IMTLG().direction(large / 1e13))
    assert not torchjd.IMTLG()(large).any()


@seeds
@pytest.mark.parametrize("c", [0.2, 0.5, 1.0])
def test_cagrad(seed: int, c: float) -> None:
    """torchjd has no rescaling, and an interior-point solver: ours is never worse for the worst task."""
    pytest.importorskip("cvxpy", reason="torchjd's CAGrad needs cvxpy")
    gradients = random_gradients(seed)
    ours, theirs = CAGrad(c, rescale=0).direction(gradients), torchjd.CAGrad(c)(gradients)
    assert (gradients @ ours).min() >= (gradients @ theirs).min() - 1e-9
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_cagrad_differs_where_no_direction_helps() -> None:
    """With one zero gradient torchjd answers 0; here it is what changes the mean gradient least."""
    pytest.importorskip("cvxpy", reason="torchjd's CAGrad needs cvxpy")
    gradients = torch.tensor([[1.0, 0], [0, 0]], dtype=torch.float64)
    assert not torchjd.CAGrad(0.5)(gradients).any()
    torch.testing.assert_close(CAGrad(0.5, rescale=0).direction(gradients), gradients.mean(0))


@seeds
@pytest.mark.parametrize("leak", [None, 0.3])
def test_graddrop(seed: int, leak: float | None) -> None:
    """Entry by entry, with torchjd's own draws."""
    gradients = random_gradients(seed)
    gradients[:, 0] = 0
    leaks = torch.full_like(gradients[:, 0], leak or 0)
    torch.manual_seed(seed)
    theirs = torchjd.GradDrop(leak=None if leak is None else leaks)(gradients)
    torch.manual_seed(seed)
    draws = torch.rand(6, dtype=torch.float64)
    torch.testing.assert_close((shares(gradients, draws, leaks) * gradients).sum(0), theirs)


def answers(rule: Method | torch.nn.Module, gradients: Tensor) -> Tensor:
    """The different directions that random orders make, (n, D)."""
    found = []
    for _ in range(150):
        rule.reset() if hasattr(rule, "reset") else None
        found.append(rule.direction(gradients) if isinstance(rule, Method) else rule(gradients))
    return torch.unique(torch.stack(found).round(decimals=6), dim=0)


@seeds
def test_pcgrad(seed: int) -> None:
    """The orders are random in both: the same eight orders of three tasks make the same answers."""
    gradients = random_gradients(seed, 3) - 0.2
    ours = answers(mtl.PCGrad(generator=torch.Generator().manual_seed(seed)), gradients)
    torch.manual_seed(seed)
    torch.testing.assert_close(ours, answers(torchjd.PCGrad(), gradients), rtol=0, atol=2e-6)


@seeds
def test_gradvac(seed: int) -> None:
    """The same answers of three tasks, and the same run of two, targets and all."""
    gradients = random_gradients(seed, 3) - 0.2
    ours = answers(GradVac(generator=torch.Generator().manual_seed(seed)), gradients)
    torch.manual_seed(seed)
    torch.testing.assert_close(ours, answers(torchjd.GradVac(beta=0.01, eps=0), gradients), rtol=0, atol=2e-6)
    ours, theirs = GradVac(beta=0.5), torchjd.GradVac(beta=0.5, eps=0)
    for step in range(20):
        gradients = random_gradients(100 * seed + step, 2)
        torch.testing.assert_close(ours.direction(gradients), theirs(gradients))


@seeds
def test_upgrad(seed: int) -> None:
    """torchjd adds 1e-4 of the Gramian's norm to its diagonal."""
    gradients = random_gradients(seed)
    ours, theirs = mtl.UPGrad().direction(gradients), torchjd.UPGrad()(gradients)
    torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)


@seeds
def test_alignedmtl(seed: int) -> None:
    """torchjd's default is the mean of the tasks, ours the sum."""
    gradients = random_gradients(seed)
    torch.testing.assert_close(
        mtl.AlignedMTL(scale="mean").direction(gradients), torchjd.AlignedMTL()(gradients)
    )


@seeds
@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_fairgrad(seed: int, alpha: float) -> None:
    """The same line; the lengths are ours to choose, see the docstring."""
    pytest.importorskip("scipy", reason="torchjd's FairGrad needs scipy")
    gradients = random_gradients(seed, 2 + seed % 2)
    ours, theirs = mtl.FairGrad(alpha).direction(gradients), torchjd.FairGrad(alpha)(gradients)
    assert torch.cosine_similarity(ours, theirs, dim=0) > 1 - 1e-5
    weights = torchjd.FairGradWeighting(alpha)(gradients @ gradients.T)
    torch.testing.assert_close(
        mtl.FairGrad(alpha).weights(gradients @ gradients.T), weights / weights.sum(), rtol=1e-3, atol=1e-4
    )


@seeds
def test_nashmtl(seed: int) -> None:
    """The same line of two tasks; without its cut to length 1, torchjd's is the square root of two long."""
    pytest.importorskip("ecos", reason="torchjd's Nash-MTL needs cvxpy and ecos")
    gradients = random_gradients(seed, 2)
    ours, theirs = mtl.NashMTL().direction(gradients), torchjd.NashMTL(2, max_norm=0.0)(gradients)
    assert torch.cosine_similarity(ours, theirs, dim=0) > 1 - 1e-5
    torch.testing.assert_close(theirs.norm(), torch.tensor(2**0.5, dtype=torch.float64), rtol=1e-2, atol=0)


@seeds
def test_stch(seed: int) -> None:
    """torchjd's preferences have the sum one by default; its gradient in the losses is our weights."""
    scalarization = pytest.importorskip("torchjd.scalarization")
    losses = (random_gradients(seed)[:, 0].abs() + 0.1).requires_grad_()
    tasks = len(losses)
    (theirs,) = torch.autograd.grad(scalarization.STCH(0.3)(losses), losses)
    torch.testing.assert_close(mtl.STCH(0.3, preference=[1 / tasks] * tasks).weights(losses), theirs)


@seeds
def test_famo(seed: int) -> None:
    """The same weights over some steps."""
    scalarization = pytest.importorskip("torchjd.scalarization")
    tasks, ours = 2 + seed % 4, mtl.FAMO()
    theirs = scalarization.FAMO(tasks).double()
    for step in range(5):
        before, after = (random_gradients(100 * seed + 2 * step + k, tasks)[:, 0].exp() for k in (0, 1))
        before.requires_grad_()
        (expected,) = torch.autograd.grad(theirs(before), before)
        torch.testing.assert_close(ours.weights(before), expected, rtol=1e-6, atol=1e-9)
        theirs.update(after.detach())
        ours.learn(before, after)
