"""The steps that are timed do the work that they say."""

import pytest
import torch

from mtlcore import bench


@pytest.mark.parametrize("network", bench.NETWORKS)
@pytest.mark.parametrize("name", [bench.BASELINE, bench.LOOP])
def test_equal_weights_do_the_work_of_plain_torch(network, name):
    ends = []
    for step in (bench.PLAIN, name):
        on = bench.problem(network, 3, 8)
        start = torch.nn.utils.parameters_to_vector(on.model.trunk.parameters()).detach().clone()
        bench.make_step(step, on)()
        gradients = [p.grad.flatten() for p in on.model.parameters()]
        moved = torch.nn.utils.parameters_to_vector(on.model.trunk.parameters()).detach() - start
        assert moved.norm() > 0
        ends.append(torch.cat(gradients[: -2 * 3]))
        assert all(gradient.norm() > 0 for gradient in gradients[-2 * 3 :])
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", bench.OURS)
def test_every_method_has_a_step_that_can_be_repeated(name):
    on = bench.problem("LeNet", 3, 8)
    step = bench.make_step(name, on)
    assert step()["forward"] >= 1
    step()
    assert all(torch.isfinite(p.grad).all() for p in on.model.shared_parameters())


def test_a_method_is_there_at_every_level_that_it_has():
    assert {"PCGrad", "PCGrad(level='features')", "SLAW"} <= set(bench.OURS)
    assert "SLAW(level='features')" not in bench.OURS
    with pytest.raises(ValueError, match='no step called "SLAW'):
        bench.make_step("SLAW(level='features')", bench.problem("LeNet", 2, 4))


def test_the_same_seed_makes_the_same_problem_and_another_one_another():
    one, same, other = (bench.problem("LeNet", 2, 4, seed) for seed in (0, 0, 1))
    assert torch.equal(one.batch.inputs, same.batch.inputs)
    assert not torch.equal(one.batch.inputs, other.batch.inputs)
    assert not torch.equal(one.batch.inputs, one.validation.inputs)
