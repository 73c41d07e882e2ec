"""The steps of other libraries do the same work as ours, or point the same way."""

import pytest
import torch

from mtlcore import bench


def shared_gradient(name: str, network: str = "LeNet", tasks: int = 2, batch: int = 8) -> torch.Tensor:
    on = bench.problem(network, tasks, batch)
    bench.make_step(name, on)()
    return torch.cat([p.grad.flatten() for p in on.model.shared_parameters()])


def needs(name: str) -> None:
    if not bench.libraries.installed(name):
        pytest.skip(f"compares with {name.partition(' by ')[2]}, which is not installed")


@pytest.mark.parametrize("name", [n for n in bench.PEERS if n.split()[0] in ("PCGrad", "IMTLG", "MGDA")])
def test_a_peer_does_the_same_work(name):
    """Of two tasks PCGrad, like IMTL-G and MGDA, leaves nothing to chance."""
    needs(name)
    ours, theirs = shared_gradient(name.split()[0]), shared_gradient(name)
    torch.testing.assert_close(theirs, ours, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("whose", ["torchjd autojac", "torchjd autogram"])
def test_a_peers_cagrad_points_the_same_way(whose):
    needs(f"CAGrad by {whose}")
    ours, theirs = shared_gradient("CAGrad"), shared_gradient(f"CAGrad by {whose}")
    assert torch.cosine_similarity(ours, theirs, dim=0) > 0.9999


@pytest.mark.parametrize("name", [n for n in bench.PEERS if n != "CAGrad by LibMTL"])
def test_a_peers_step_can_be_repeated_and_moves_the_heads_too(name):
    needs(name)
    on = bench.problem("LeNet", 3, 8)
    step = bench.make_step(name, on)
    step()
    step()
    gradients = [p.grad for p in on.model.parameters()]
    assert all(torch.isfinite(g).all() for g in gradients) and sum(g.norm() for g in gradients) > 0


def test_a_peer_that_is_not_here_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(bench.libraries, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="torchjd is not installed"):
        bench.make_step("PCGrad by torchjd autojac", bench.problem("LeNet", 2, 4))
