"""Where random weights come from."""

from __future__ import annotations

import torch

import mtlcore as mtl


def test_torch_manual_seed_governs_a_method_without_generator() -> None:
    losses = torch.ones(3)
    seen = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        seen.append(mtl.RLW().weights(losses))
    assert torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[0], seen[2])
