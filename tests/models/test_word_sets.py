"""The network on sets of words is one on multi-hot vectors."""

import torch
import torch.nn.functional as F

from mtlcore.models import word_sets


def test_the_network_by_hand() -> None:
    torch.manual_seed(0)
    model = word_sets(words=6, widths=(5, 4))
    numbers = torch.tensor([[1, 4, 0], [2, 3, 6], [0, 0, 0]], dtype=torch.int16)
    multi_hot = torch.zeros(3, 7).scatter_(1, numbers.long(), 1)[:, 1:]
    first, _, second, _ = model.trunk
    hidden = F.relu(multi_hot @ first.weight[1:] + first.bias)
    hidden = F.relu(F.linear(hidden, second.weight, second.bias))
    head = model.heads[0]
    assert torch.allclose(model(numbers)[0], F.linear(hidden, head.weight, head.bias), atol=1e-6)


def test_padding_stays_zero_and_all_else_gets_a_gradient() -> None:
    model = word_sets(words=6, widths=(5, 4))
    assert (model.trunk[0].weight[0] == 0).all() and (model.trunk[0].weight[1:] != 0).all()
    model(torch.tensor([[1, 2, 3, 0], [4, 5, 6, 0]]))[0].sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    assert (model.trunk[0].weight.grad[0] == 0).all()
