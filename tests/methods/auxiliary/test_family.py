"""What the auxiliary methods share."""

from __future__ import annotations

from helpers.gradients import jacobians
from hypothesis import given
from torch import Tensor

import mtlcore as mtl


@given(jacobians(least=2))
def test_auxiliary_rules_never_work_against_the_main_task(jacobian: Tensor) -> None:
    main = jacobian[0]
    sizes = [1] * jacobian.shape[1]
    for method in (mtl.CosSim(), mtl.CosSim(weighted=True), mtl.Projection(), mtl.Projection(per="variable")):
        assert method.direction(jacobian, sizes) @ main >= (main @ main) * (1 - 1e-9)
