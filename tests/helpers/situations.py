"""What every method does in the situations of a training loop, and the table of it in the book.

PYTHONPATH=tests python -m helpers.situations    makes the cells and writes the table
"""

from __future__ import annotations

import copy
import csv
import functools
import io
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from helpers.asserts import assert_same_state
from helpers.methods import make
from helpers.networks import TASKS, batch, make_model, masked, plain
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import mtlcore as mtl
from mtlcore.methods.base import Method

TABLE = Path(mtl.__file__).parent / "book" / "situations.csv"
WORKS, NO_STEP, NOT_APPLICABLE = "works", "no step", "not applicable"
CUT = 5  # the first process, or micro-batch, has five samples, the second the other seven

Taken = list[Tensor | None]


def held_out(dtype: torch.dtype = torch.float64) -> mtl.Batch:
    return mtl.Batch(batch(dtype).inputs.flip(0) * 0.7, batch(dtype).targets)


def part(whole: mtl.Batch, number: int) -> mtl.Batch:
    rows = slice(None, CUT) if number == 0 else slice(CUT, None)
    return mtl.Batch(whole.inputs[rows], tuple(y[rows] for y in whole.targets))


def step(
    method: Method,
    model: mtl.MultiTaskModel,
    data: mtl.Batch,
    validation: mtl.Batch | None,
    scaler: torch.amp.GradScaler | None = None,
) -> Taken:
    """The weights of a step, and all gradients."""
    weights = method.backward(mtl.Signals(model, data, TASKS, validation, scaler=scaler))
    return [weights, *gradients(model)]


def steps(
    text: str,
    network: nn.Module,
    data: mtl.Batch | list[mtl.Batch],
    validation: mtl.Batch,
    rank: int = 0,
) -> Taken:
    """Weights and gradients of two steps with SGD between them."""
    model = network.module if isinstance(network, DistributedDataParallel) else network
    method = make(text)
    method.seed(rank)  # processes that draw differently
    sgd = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=0.1)
    found: Taken = []
    for _ in range(2):
        sgd.zero_grad()
        signals = mtl.Signals(network, data, TASKS, validation)
        found.append(method.backward(signals))
        found += gradients(model)
        sgd.step()
        method.after_step(signals)
    return found


def gradients(model: nn.Module) -> Taken:
    return [None if p.grad is None else p.grad.clone() for p in model.parameters()]


def flat(taken: Taken) -> Tensor:
    return torch.cat([g.flatten() for g in taken if g is not None])


def same(ours: Taken, theirs: Taken) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


# Situations: each raises an AssertionError where a number is wrong -----------------------------------


def micro_batches(text: str) -> str:
    """The step of the whole batch."""
    whole = masked()
    parts = [part(whole, 0), part(whole, 1)]
    same(steps(text, make_model(), parts, held_out()), steps(text, make_model(), whole, held_out()))
    return WORKS


def processes(text: str) -> str:
    """The step of the whole batch, the same bits in both processes."""
    first, second = (found[text] for found in _of_processes())
    assert isinstance(first, list) == isinstance(second, list), (first, second)
    if not isinstance(first, list):
        raise first
    for ours, theirs in zip(first, second, strict=True):
        assert (ours is None and theirs is None) or torch.equal(ours, theirs)
    same(first, steps(text, make_model(), masked(), held_out()))
    return WORKS


@functools.cache
def _of_processes() -> list[dict[str, Taken | Exception]]:
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(_process, (folder,), nprocs=2)
        return [torch.load(f"{folder}/{rank}.pt", weights_only=False) for rank in (0, 1)]


def _process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store", 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    found: dict[str, Taken | Exception] = {}
    for text in mtl.METHODS:
        network = DistributedDataParallel(make_model())
        try:
            found[text] = steps(text, network, part(masked(), rank), part(held_out(), rank), rank)
        except (ValueError, RuntimeError) as error:
            found[text] = error
    torch.save(found, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def bfloat16(text: str) -> str:
    """Nearly the gradients of float32."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = _single(text)
    return _near(low, _single(text))


def float16(text: str) -> str:
    """Nearly the gradients of float32, times the scale."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    with torch.autocast("cpu", dtype=torch.float16):
        low = _single(text, scaler)
    return _near([g / scaler.get_scale() for g in low], _single(text))


def overflow(text: str) -> str:
    """The scaler skips the step: no parameter changes, neither of the network nor of the method."""
    model, method = make_model(dtype=torch.float32), make(text)
    trained = [*model.parameters(), *method.learnable(len(TASKS))]
    before = [p.detach().clone() for p in trained]
    scaler, sgd = torch.amp.GradScaler("cpu", init_scale=2.0**40), torch.optim.SGD(trained, lr=0.1)
    data, validation = batch(torch.float32), held_out(torch.float32)
    with torch.autocast("cpu", dtype=torch.float16):
        signals = mtl.Signals(model, data, TASKS, validation, scaler=scaler)
        method.backward(signals)
    state = copy.deepcopy(method.state_dict())
    scaler.step(sgd)
    method.after_step(signals)
    assert all(torch.equal(p, old) for p, old in zip(trained, before, strict=True))
    assert_same_state(method.state_dict(), state)
    return WORKS


def _single(text: str, scaler: torch.amp.GradScaler | None = None) -> Taken:
    """The gradients of a step with parameters in float32."""
    model, data = make_model(dtype=torch.float32), batch(torch.float32)
    return step(make(text), model, data, held_out(torch.float32), scaler)[1:]


def _near(low: Taken, single: Taken) -> str:
    assert (flat(low) - flat(single)).norm() < 0.03 * flat(single).norm()
    return WORKS


def task_without_label(text: str) -> str:
    """The step of the other task; nothing is written for the head without a loss."""
    model, data, validation = make_model(), unlabelled(1), held_out()
    weights, *found = step(make(text), model, data, validation)
    assert weights is None or weights[1] == 0
    assert all(p.grad is None for p in model.heads[1].parameters())
    alone = mtl.MultiTaskModel(model.trunk, [model.heads[0]])
    alone.zero_grad()
    one, held = (mtl.Batch(b.inputs, b.targets[:1]) for b in (data, validation))
    make(text).backward(mtl.Signals(alone, one, TASKS[:1], held))
    same(found[: len(gradients(alone))], gradients(alone))
    return WORKS


def main_without_label(text: str) -> str:
    """A step on the other task, or none."""
    method, model = make(text), make_model()
    if method.main is None:
        return NOT_APPLICABLE
    weights, *found = step(method, model, unlabelled(0), held_out())
    assert weights is not None
    assert weights[0] == 0
    assert not any(p.grad.any() for p in model.heads[0].parameters() if p.grad is not None)
    if weights[1] == 0:
        assert not any(g.any() for g in found if g is not None)
        return NO_STEP
    assert flat(found).isfinite().all()
    assert flat(found).any()
    return WORKS


def unlabelled(task: int) -> mtl.Batch:
    """The batch without the labels of one task."""
    missing = (torch.full_like(batch().targets[0], -100), torch.full_like(batch().targets[1], torch.nan))
    both = zip(batch().targets, missing, strict=True)
    return mtl.Batch(batch().inputs, tuple(no if t == task else y for t, (y, no) in enumerate(both)))


def own_inputs(text: str) -> str:
    """Equal inputs give the step of the one input."""
    two = mtl.Batch((batch().inputs, batch().inputs.clone()), batch().targets)
    found = step(make(text), make_model(), two, held_out())
    same(found, step(make(text), make_model(), batch(), held_out()))
    return WORKS


def compiled_trunk(text: str) -> str:
    """The step of the trunk that is not compiled."""
    trunk, graphs = _compiled()
    model = mtl.MultiTaskModel(trunk, make_model().heads)
    model.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # forward mode may not work, and torch's own
        found = step(make(text), model, masked(), held_out())
    same(found, step(make(text), make_model(), masked(), held_out()))
    assert graphs  # it was compiled
    return WORKS


@functools.cache
def _compiled() -> tuple[nn.Module, list[Callable]]:
    """A trunk that is compiled at its first use, and what was compiled of it."""
    graphs: list[Callable] = []

    def backend(graph: torch.fx.GraphModule, examples: list[Tensor]) -> Callable:
        graphs.append(torch._dynamo.lookup_backend("aot_eager")(graph, examples))  # needs no C++ compiler
        return graphs[-1]

    torch.compiler.reset()
    trunk = torch.compile(make_model().trunk, backend=backend)
    # If its first backward pass frees the graph, torch compiles one that cannot keep it.
    trunk(masked().inputs).sum().backward(retain_graph=True)
    return trunk, graphs


def frozen_trunk(text: str) -> str:
    """The heads are trained."""
    model = make_model()
    model.trunk.requires_grad_(False)
    _, *found = step(make(text), model, batch(), held_out())
    in_trunk = len(list(model.trunk.parameters()))
    assert found[:in_trunk] == [None] * in_trunk
    assert all(g is not None and g.isfinite().all() for g in found[in_trunk:])
    assert all(p.grad.any() for p in model.heads[0].parameters())
    return WORKS


def no_validation_batch(text: str) -> str:
    """A refusal of those that look at one."""
    if not make(text).validates:
        return NOT_APPLICABLE
    step(make(text), make_model(), batch(), None)
    return WORKS


class Detour(nn.Module):
    """A trunk with a layer that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = plain(), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x)


def unused_parameter(text: str) -> str:
    """Weight decay leaves alone what no loss reaches, and nothing else."""
    model = make_model(Detour)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    adamw = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    step(make(text), model, batch(), held_out())
    adamw.step()
    still = {name for name, p in model.named_parameters() if torch.equal(p, before[name])}
    assert still == {"trunk.unused.weight", "trunk.unused.bias"}
    return WORKS


def resume(text: str) -> str:
    """From a file, the third step is the same bits as without a stop."""
    first, second, file = _loop(text), _loop(text), io.BytesIO()
    for _ in range(2):
        _go_on(*first)
        first[1].end_epoch()
    torch.save([part.state_dict() for part in first], file)
    file.seek(0)
    for part_, state in zip(second, torch.load(file), strict=True):
        part_.load_state_dict(state)
    assert all(torch.equal(a, b) for a, b in zip(_go_on(*first), _go_on(*second), strict=True))
    return WORKS


def _loop(text: str) -> tuple[mtl.MultiTaskModel, Method, torch.optim.Optimizer]:
    model, method = make_model(), make(text)
    groups = [{"params": model.parameters()}, {"params": method.learnable(), "weight_decay": 0}]
    return model, method, torch.optim.AdamW(groups, lr=0.1)


def _go_on(model: mtl.MultiTaskModel, method: Method, adamw: torch.optim.Optimizer) -> list[Tensor]:
    adamw.zero_grad()
    signals = mtl.Signals(model, masked(), TASKS, held_out())
    method.backward(signals)
    adamw.step()
    method.after_step(signals)
    return [p.detach().clone() for p in [*model.parameters(), *method.parameters()]]


SITUATIONS: dict[str, Callable[[str], str]] = {
    "micro-batches": micro_batches,
    "two processes": processes,
    "bfloat16": bfloat16,
    "float16": float16,
    "overflow": overflow,
    "compiled": compiled_trunk,
    "resume": resume,
    "unused parameter": unused_parameter,
    "task without label": task_without_label,
    "main task without label": main_without_label,
    "one input a task": own_inputs,
    "frozen trunk": frozen_trunk,
    "no validation batch": no_validation_batch,
}


def outcome(text: str, situation: str) -> str:
    """What a method does in a situation: a word, or the refusal."""
    try:
        return SITUATIONS[situation](text)
    except (ValueError, RuntimeError) as error:
        return f"refuses: {error}"


def stored() -> dict[str, dict[str, str]]:
    """The table: the outcome of every situation, by method."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [dict(row) for row in csv.DictReader(file)]
    return {row.pop("method"): row for row in rows}


def main() -> None:
    torch.set_num_threads(1)
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["method", *SITUATIONS])
        for text in mtl.METHODS:
            print(text, flush=True)
            writer.writerow([text, *(outcome(text, situation) for situation in SITUATIONS)])


if __name__ == "__main__":
    main()
