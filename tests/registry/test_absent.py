"""Tasks without a label in a batch: every method takes the step of the other tasks."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence

import pytest
import torch
from helpers.asserts import assert_same_state
from helpers.gradients import answer, signal_of
from helpers.methods import TEXTS, make, methods
from helpers.networks import plain
from torch import Tensor, nn

import mtlcore as mtl
from mtlcore.methods.base import Method

T, N = 4, 9
ABSENT = 1
KEPT = [0, 2, 3]
TASKS = [mtl.Task.regression(f"task {t}") for t in range(T)]
# Of four tasks, and the same without the second of them.
OF_FOUR = {
    "GradDrop(leak=(0.5, 0, 1, 0.2))": "GradDrop(leak=(0.5, 1, 0.2))",
    "Static(weights=(1.0, 2.0, 3.0, 4.0))": "Static(weights=(1.0, 3.0, 4.0))",
    "STCH(preference=(1.0, 2.0, 3.0, 4.0), ideal=(0.1, 0.2, 0.3, 0.4))": (
        "STCH(preference=(1.0, 3.0, 4.0), ideal=(0.1, 0.3, 0.4))"
    ),
    "FAMO(least=(-0.1, -0.2, -0.3, -0.4))": "FAMO(least=(-0.1, -0.3, -0.4))",
    "UW(kind=('regression', 'regression', 'classification', 'regression'))": (
        "UW(kind=('regression', 'classification', 'regression'))"
    ),
    "SingleTask(main=3)": "SingleTask(main=2)",
    "CosSim(main=3)": "CosSim(main=2)",
    "Projection(main=-1, smoothing=0.5)": "Projection(main=2, smoothing=0.5)",
    "OLAux(main=2, lr=0.3, every=2)": "OLAux(main=1, lr=0.3, every=2)",
    "HydaLearn(main=3)": "HydaLearn(main=2)",
    "SLGrad(main=2)": "SLGrad(main=1)",
}
COMPOSED = [
    "Compose(SLAW, PCGrad)",
    "Compose(UW, GradDrop)",
    "Compose(RLW(scale='sum'), GradVac(per='variable'))",
    "Compose(GradNorm, RotoGrad)",
    "Compose(FAMO, PCGrad)",
    "Compose(DWA(pace='step'), OLAux(lr=0.3, every=2))",
]
MORE = [
    *("OLAux(lr=0.3, every=2, log=True)", "HydaLearn(on_training=True)", "HydaLearn(baseline='running')"),
    *("HydaLearn(first_order=True)", "SLGrad(similarity='cosine')", "CosSim(weighted=True)"),
]
PAIRS = {text: text for text in [*TEXTS, *COMPOSED, *MORE]} | OF_FOUR
WITH_MAIN = [text for text in PAIRS if make(text).main is not None]


def network() -> mtl.MultiTaskModel:
    torch.manual_seed(0)
    return mtl.MultiTaskModel(plain(), [nn.Linear(4, 2) for _ in range(T)]).double()


def a_batch(seed: int, absent: Sequence[int] = (), separate: bool = False) -> mtl.Batch:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(N, 5, generator=generator, dtype=torch.float64)
    targets = [torch.randn(N, 2, generator=generator, dtype=torch.float64) for _ in range(T)]
    for task in absent:
        targets[task].fill_(torch.nan)
    return mtl.Batch(tuple(x + t for t in range(T)) if separate else x, tuple(targets))


def without(data: mtl.Batch) -> mtl.Batch:
    inputs = data.inputs
    kept = tuple(inputs[t] for t in KEPT) if isinstance(inputs, tuple) else inputs
    return mtl.Batch(kept, tuple(data.targets[t] for t in KEPT))


def smaller(model: mtl.MultiTaskModel) -> mtl.MultiTaskModel:
    """A copy of the network with the heads of the kept tasks."""
    twin = copy.deepcopy(model)
    rest = mtl.MultiTaskModel(twin.trunk, [twin.heads[t] for t in KEPT])
    rest.rotations = None if twin.rotations is None else twin.rotations[KEPT]
    return rest


def step(
    model: mtl.MultiTaskModel, method: Method, data: mtl.Batch, held_out: mtl.Batch | None = None
) -> Tensor | None:
    """A step, and a step of SGD after it; gradients stay in ``.grad``."""
    model.zero_grad()
    for p in method.learnable():
        p.grad = None
    tasks = TASKS if len(model.heads) == T else [TASKS[t] for t in KEPT]
    signals = mtl.Signals(model, data, tasks, data if held_out is None else held_out)
    answer = method.backward(signals)
    with torch.no_grad():
        for p in [*model.parameters(), *method.learnable()]:
            p -= 0 if p.grad is None else 0.1 * p.grad
    method.after_step(signals)
    return answer


def assert_the_step_of_the_others(
    model: mtl.MultiTaskModel, rest: mtl.MultiTaskModel, answers: tuple[Tensor | None, Tensor | None]
) -> None:
    ours, theirs = answers
    if theirs is None:
        assert ours is None
    else:
        assert ours.shape == (T,)
        assert ours[ABSENT] == 0
        torch.testing.assert_close(ours[KEPT], theirs)
    shared = zip(model.trunk.parameters(), rest.trunk.parameters(), strict=True)
    torch.testing.assert_close(*map(list, zip(*((p.grad, q.grad) for p, q in shared), strict=True)))
    for t, head in zip(KEPT, rest.heads, strict=True):
        for p, q in zip(model.heads[t].parameters(), head.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad)
    assert all(p.grad is None for p in model.heads[ABSENT].parameters())


separate = pytest.mark.parametrize("separate", [False, True], ids=["one input", "two inputs"])


@methods(texts=PAIRS)
@separate
def test_a_task_that_never_has_a_label(text: str, separate: bool) -> None:
    """Some steps and ends of epochs: weights, gradients and all that is learned are those of the others."""
    if separate and ("features" in text or "RotoGrad" in text):
        pytest.skip("there is no one representation")
    model, method, other = network(), make(text), make(PAIRS[text])
    rest = smaller(model)
    for seed in range(5):
        data, held_out = (a_batch(s, [ABSENT], separate) for s in (seed, seed + 50))
        answers = step(model, method, data, held_out), step(rest, other, without(data), without(held_out))
        assert_the_step_of_the_others(model, rest, answers)
        if seed % 2:
            method.end_epoch()
            other.end_epoch()


@methods(texts=PAIRS)
def test_micro_batches_without_a_task(text: str) -> None:
    """A task is there if any of them has a label; the others are one step as of one batch."""
    found = []
    for cut in (N, 4):
        model, method = network(), make(text)
        for seed in range(2):
            data, held_out = a_batch(seed, [ABSENT]), a_batch(seed + 50)
            data.targets[2][:4] = torch.nan
            parts = [
                mtl.Batch(data.inputs[rows], tuple(y[rows] for y in data.targets))
                for rows in (slice(cut), slice(cut, N))
                if rows.start != N
            ]
            weights = method.backward(mtl.Signals(model, parts, TASKS, held_out))
            found.append([p.grad for p in model.parameters()])
            found[-1] += [] if weights is None else [weights]
    torch.testing.assert_close(found[2:], found[:2], rtol=1e-8, atol=1e-10)


def of_the_others(method: Method, text: str) -> Method:
    """A new method with the state of the kept tasks."""
    rest = make(text)
    state = copy.deepcopy(method.state_dict())
    for name, rows in method._rows.items():
        if rows is not None and state[name].numel():
            state[name] = state[name][..., KEPT, :][..., KEPT] if name == "targets" else state[name][KEPT]
    rest.load_state_dict(state)
    return rest


@methods(
    lambda method: not hasattr(method, "optimizer") and not isinstance(method, mtl.Compose),
    "has state that is not a row a task: see below",
    PAIRS,
)
def test_a_task_without_a_label_in_the_middle(text: str) -> None:
    """The step of the others from their state; the state of the task stays, and training goes on."""
    model, method = network(), make(text)
    for seed in range(3):
        step(model, method, a_batch(seed))
        method.end_epoch()
    rest, other = smaller(model), of_the_others(method, PAIRS[text])
    before = copy.deepcopy(method.state_dict())
    data = a_batch(3, [ABSENT])
    answers = step(model, method, data), step(rest, other, without(data))
    assert_the_step_of_the_others(model, rest, answers)
    assert_row_stays(method, before)
    step(model, method, a_batch(4))


def assert_row_stays(method: Method, before: dict) -> None:
    for name, rows in method._rows.items():
        if rows is None:
            continue
        now, then = method.state_dict()[name], before[name]
        assert now.shape == then.shape
        if name == "targets":
            assert torch.equal(now[..., ABSENT, :], then[..., ABSENT, :])
            assert torch.equal(now[..., ABSENT], then[..., ABSENT])
        else:
            torch.testing.assert_close(now[ABSENT], then[ABSENT], rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("text", ["GradNorm", "MOML", "FAMO", "RotoGrad(burn_in=2)"])
@pytest.mark.parametrize("first", [[], [ABSENT]], ids=["met first", "met late"])
def test_what_is_learned_by_an_optimiser_of_the_method(text: str, first: list) -> None:
    """A task's parameter and its optimiser's averages and steps stay while it is away."""
    model, method = network(), make(text)
    step(model, method, a_batch(0, first))
    step(model, method, a_batch(1))
    (parameter,) = method.parameters()
    row, rotations = parameter[ABSENT].clone(), model.rotations
    for seed in (2, 3):
        step(model, method, a_batch(seed, [ABSENT]))
        assert torch.equal(parameter[ABSENT], row)
        assert rotations is None or torch.equal(model.rotations[ABSENT], rotations[ABSENT])
    counts = [int(method._optimizer.state[piece]["step"]) for piece in method._stepped]
    assert counts == [4, 1 if first else 2, 4, 4]
    loaded = make(text)
    loaded.load_state_dict(method.state_dict())
    for twin in (copy.deepcopy(method), pickle.loads(pickle.dumps(method)), loaded):
        step(copy.deepcopy(model), twin, a_batch(4))
        last = copy.deepcopy(method)
        step(copy.deepcopy(model), last, a_batch(4))
        assert torch.equal(*(next(m.parameters()) for m in (twin, last)))
        assert not torch.equal(next(twin.parameters())[ABSENT], row)


OWN = {
    "SLAW": ("mean", "variance", "steps"),
    "DWA": ("recent", "earlier", "total", "steps"),
    "DWA(pace='step')": ("recent", "earlier"),
    "RotoGrad(rotate=False, burn_in=2)": ("reference", "steps"),
    "OLAux(lr=0.3, every=2)": ("w", "total", "steps"),
    "UW": ("s",),
    "IMTLL": ("s",),
}
"""State of a task in which the other tasks have no part."""


@pytest.mark.parametrize("text", OWN)
@pytest.mark.parametrize("away", [0, 2], ids=["at first", "later"])
def test_a_step_without_a_task_is_no_step_for_it(text: str, away: int) -> None:
    """A fixed network: what is known of the task is what it would be without that step."""
    found = []
    for absent in ([ABSENT], None):
        method = make(text)
        for seed in range(5):
            if seed == away and absent is None:
                continue
            step(network(), method, a_batch(seed, absent if seed == away else ()))
            if seed % 2:
                method.end_epoch()
        found.append([getattr(method, name)[ABSENT].detach() for name in OWN[text]])
    torch.testing.assert_close(*found, equal_nan=True)


def test_an_epoch_without_a_task_is_no_epoch_for_it() -> None:
    """The mean losses of its last two epochs are those of the epochs that had it."""
    found = []
    for epochs in ([(), (), [ABSENT]], [(), ()]):
        dwa = mtl.DWA()
        for seed, absent in enumerate(epochs):
            step(network(), dwa, a_batch(seed, absent))
            dwa.end_epoch()
        found.append([dwa.recent[ABSENT], dwa.earlier[ABSENT]])
        assert torch.isfinite(step(network(), dwa, a_batch(9))).all()
    torch.testing.assert_close(*found)


def test_a_late_task_starts_as_the_first_ones_did() -> None:
    """Without a spread, a ratio or a rate there is no reason for another weight than one."""
    slaw, dwa, gradnorm = mtl.SLAW(), mtl.DWA(), mtl.GradNorm()
    for method in (slaw, dwa, gradnorm):
        for seed in range(4):
            step(network(), method, a_batch(seed, [ABSENT]))
            method.end_epoch()
        weights = step(network(), method, a_batch(4))
        assert weights.sum() == pytest.approx(T)
        assert (weights[KEPT] != 1).any()
        if method is not dwa:
            assert weights[ABSENT] == pytest.approx(1)
    assert torch.equal(gradnorm.first[ABSENT], mtl.Signals(network(), a_batch(4), TASKS).losses[ABSENT])
    assert gradnorm.w.sum().item() == pytest.approx(T)
    assert dwa.earlier.isnan().tolist() == [False, True, False, False]


@methods(texts=PAIRS)
def test_no_task_with_a_label_is_no_step(text: str) -> None:
    model, method = network(), make(text)
    for known in (False, True):
        if known:
            step(model, method, a_batch(0))
        before = copy.deepcopy(method.state_dict())
        parameters = copy.deepcopy(model.state_dict())
        answer = step(model, method, a_batch(1, range(T)))
        assert (
            answer is None if make(text).sees == "jacobian" else torch.equal(answer, torch.zeros(T).double())
        )
        assert all(p.grad is None for p in [*model.parameters(), *method.learnable()])
        assert_same_state(method.state_dict(), before)
        assert_same_state(model.state_dict(), parameters)


@methods(texts=WITH_MAIN)
def test_a_main_task_without_a_label(text: str) -> None:
    """The auxiliary tasks follow the rule for a main gradient of zero; nothing is learned."""
    model, method = network(), make(text)
    main = method.main % T
    for seed in range(3):
        step(model, method, a_batch(seed))
    before = copy.deepcopy(method.state_dict())
    twin, data, held_out = copy.deepcopy(method), a_batch(3, [main]), a_batch(4)
    jacobian = whole_jacobian(model, a_batch(3))
    jacobian[main] = 0
    trained = copy.deepcopy(model.state_dict())
    answer = step(model, method, data, held_out)
    assert_same_state(method.state_dict(), before)
    assert answer is None or answer[main] == 0
    if isinstance(method, mtl.SingleTask) or "on_training" in text:
        assert not answer.any()
        assert_same_state(model.state_dict(), trained)
        return
    assert all(p.grad is None for p in model.heads[main].parameters())
    filled = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    if method.family == "samples":
        assert answer.any()
        return
    others = [t for t in range(T) if t != main]
    if method.sees in ("gramian", "jacobian"):
        expected = twin.direction(jacobian, [p.numel() for p in model.shared_parameters()])
    else:
        expected = answer @ jacobian
        if isinstance(method, mtl.OLAux):
            torch.testing.assert_close(answer[others], method.w[others])
    torch.testing.assert_close(filled, expected)


def whole_jacobian(model: mtl.MultiTaskModel, data: mtl.Batch) -> Tensor:
    return mtl.Signals(model, data, TASKS).jacobian()


def test_composed_methods_without_the_main_task() -> None:
    model, method = network(), mtl.Compose(mtl.SLAW(), mtl.CosSim(main=3))
    weights = step(model, method, a_batch(0, [3]))
    torch.testing.assert_close(weights, torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64))
    assert method.losses.steps.tolist() == [1, 1, 1, 0]
    model = network()
    alone = mtl.Compose(mtl.SingleTask(main=3), mtl.PCGrad())
    assert not step(model, alone, a_batch(0, [3])).any()
    assert all(p.grad is None for p in model.parameters())


@methods(texts=PAIRS)
def test_a_single_task_with_a_label(text: str) -> None:
    """Alone in a step, a task is followed."""
    model, method = network(), make(text)
    alone = 0 if method.main is None else method.main % T
    step(model, method, a_batch(0))
    data = a_batch(1, [t for t in range(T) if t != alone])
    own = mtl.Signals(model, data, TASKS).gradient(alone)
    step(model, method, data)
    filled = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    if method.family != "samples":
        assert torch.nn.functional.cosine_similarity(filled, own, dim=0) == pytest.approx(1)
    assert filled.isfinite().all()


@methods(lambda method: method.validates and method.main is not None, "has no main validation task", PAIRS)
def test_a_main_task_without_a_label_in_the_validation_batch(text: str) -> None:
    if "on_training" in text:
        pytest.skip("does not look at the validation batch")
    model, method = network(), make(text)
    step(model, method, a_batch(0))
    before, trained = copy.deepcopy(method.state_dict()), copy.deepcopy(model.state_dict())
    answer = step(model, method, a_batch(1), a_batch(2, [method.main % T]))
    assert not answer.any()
    assert all(p.grad is None for p in model.parameters())
    assert_same_state(method.state_dict(), before)
    assert_same_state(model.state_dict(), trained)
    assert step(model, method, a_batch(1), a_batch(2, [t for t in range(T) if t != method.main % T])).any()


def test_moml_follows_the_validation_losses_that_there_are() -> None:
    held_out = a_batch(5, [ABSENT])
    method, alone = mtl.MOML(optimizer=lambda a: torch.optim.SGD(a, lr=1.0)), network()
    signals = mtl.Signals(alone, a_batch(0), TASKS, held_out)
    step(network(), method, a_batch(0), held_out)
    response = signals.response(torch.full((T,), 1 / T, dtype=torch.float64), method.lr)[KEPT]
    fresh = mtl.MOML(optimizer=method.optimizer)
    torch.testing.assert_close(method.a.detach(), -fresh.logit_gradient(response))
    before = method.a.detach().clone()
    weights = step(network(), method, a_batch(0), a_batch(5, range(T)))
    assert torch.equal(method.a, before)
    torch.testing.assert_close(weights, before.softmax(0))


@methods(texts=WITH_MAIN)
@pytest.mark.parametrize("wrong", [T, -T - 1])
def test_a_main_task_that_is_none(text: str, wrong: int) -> None:
    """One sentence, wherever the number is used, and when there are labels missing too."""
    method = make(text)
    method.main = wrong
    message = rf"main={wrong}, but there are only {T} tasks \(0 to 3\)"
    for data in (a_batch(0), a_batch(0, [ABSENT]), a_batch(0, [0]), a_batch(0, range(T))):
        with pytest.raises(ValueError, match=message):
            step(network(), method, data)
    if not method.validates:
        losses, gradients = (method, mtl.PCGrad()) if method.family == "losses" else (mtl.SLAW(), method)
        with pytest.raises(ValueError, match=message):
            step(network(), mtl.Compose(losses, gradients), a_batch(0, [0]))
    signal = signal_of(method, torch.randn(T, 6, dtype=torch.float64))
    with pytest.raises(ValueError, match=message):
        answer(method, signal)
    if method.sees == "gramian":
        with pytest.raises(ValueError, match=message):
            method.direction(torch.ones(T, 6))
