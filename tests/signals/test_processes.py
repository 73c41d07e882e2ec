"""Two processes that train one model, against the whole batch in one process, for every method."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from helpers.methods import TEXTS, make
from helpers.networks import TASKS, batch, make_model, masked
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

import mtlcore as mtl

CUT = 5  # process 0 has five samples, process 1 the other seven
pytestmark = pytest.mark.skipif(not dist.is_available(), reason="this torch has no torch.distributed")


def part(whole: mtl.Batch, rank: int) -> mtl.Batch:
    rows = slice(None, CUT) if rank == 0 else slice(CUT, None)
    return mtl.Batch(whole.inputs[rows], tuple(y[rows] for y in whole.targets))


def steps(text: str, wrap: bool, rank: int | None, micro: bool = False) -> list[Tensor | None]:
    """Weights and gradients over some steps: of a process with its part of the batch, or of all of it."""
    model, method = make_model(), make(text)
    if rank:
        method.seed(rank)  # processes that draw differently
    network = DistributedDataParallel(model) if wrap else model
    sgd = torch.optim.SGD([*model.parameters(), *method.learnable()], lr=0.1)
    data, held_out = masked(), mtl.Batch(batch().inputs.flip(0) * 0.7, batch().targets)
    if rank is not None:
        data, held_out = part(data, rank), part(held_out, rank)
    found = []
    for _ in range(2):
        sgd.zero_grad()
        halves = [part(data, 0), part(data, 1)] if micro and rank == 1 else data
        signals = mtl.Signals(network, halves, TASKS, held_out)
        weights = method.backward(signals)
        found += [weights, *(p.grad.clone() for p in model.parameters())]
        sgd.step()
        method.after_step(signals)
        found.append(signals.losses_now())
    return found


def worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store", 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    answers: dict[str, object] = {text: steps(text, True, rank) for text in TEXTS}
    answers["micro-batches"] = steps("PCGrad", True, rank, micro=True)
    answers["errors"] = []
    broken = part(batch(), rank)
    if rank == 1:
        broken = mtl.Batch(broken.inputs * torch.nan, broken.targets)
    try:
        mtl.PCGrad().backward(mtl.Signals(DistributedDataParallel(make_model()), broken, TASKS))
    except ValueError as error:
        answers["errors"] = str(error)
    with pytest.warns(UserWarning, match="several processes"):
        mtl.Signals(make_model(), part(batch(), rank), TASKS)
    torch.save(answers, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder: Path = tmp_path_factory.mktemp("processes")
    mp.spawn(worker, (str(folder),), nprocs=2)
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


@pytest.mark.parametrize("text", TEXTS)
def test_processes_take_the_step_of_the_whole_batch(text: str, answers: list[dict]) -> None:
    first, second = (found[text] for found in answers)
    assert len(first) == len(second)
    for ours, theirs in zip(first, second, strict=True):
        assert (ours is None and theirs is None) or torch.equal(ours, theirs)
    torch.testing.assert_close(first, steps(text, False, None), rtol=1e-9, atol=1e-12)


def test_processes_and_micro_batches(answers: list[dict]) -> None:
    for found in answers:
        torch.testing.assert_close(
            found["micro-batches"], steps("PCGrad", False, None), rtol=1e-9, atol=1e-12
        )


def test_a_loss_that_is_not_finite_ends_every_process(answers: list[dict]) -> None:
    assert all("'shape' is nan" in found["errors"] for found in answers)


def test_other_wrappers_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match="DataParallel"):
        mtl.Signals(torch.nn.DataParallel(make_model()), batch(), TASKS)
    with pytest.raises(TypeError, match=r"OptimizedModule; compile its parts instead: model\.trunk = torch"):
        mtl.Signals(torch.compile(make_model()), batch(), TASKS)
