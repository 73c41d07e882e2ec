"""What one training step can tell a method, and how the method answers: the only room that differentiates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mtlcore.signals.lookahead import LookAhead
from mtlcore.signals.trunk import Passes, Trunk

__all__ = ["Passes", "Signals"]


class Signals(LookAhead):
    """A lazy view of one training step.

    Nothing is computed until a method asks; what was asked for is kept; every pass is counted in
    :attr:`passes`. The heads read detached copies of the shared representation z, one a head, so one
    backward through all heads gives every task's gradient with respect to z and to its own head, and
    the trunk is passed as often as the signal needs: once for any weighted sum of the tasks, T times
    for the task gradients on the shared parameters.

    Parameters
    ----------
    model : the network.
    batch : one input with T sets of labels, or T inputs, each with its own labels.
    tasks : the T tasks.
    validation : a batch of the validation split, for methods that look at one.

    Raises
    ------
    ValueError : tasks, heads and targets differ in number; a batch is empty; labels do not fit a
        loss; a task has no labelled entry in the batch; a loss is not finite.
    """

    def backward(self, weights: Tensor, heads: Tensor | None = None) -> None:
        """Add the weighted sum of the task gradients to ``.grad``. This ends the step: it frees the graph.

        To accumulate gradients over several small batches, let the method's ``backward`` answer for the
        first one, and give the weights that it returns to the others here.

        Parameters
        ----------
        weights : (T,) weights of the task gradients on the shared parameters.
        heads : (T,) weight of each head's own gradient; unweighted when left out, as
            gradient balancing asks (random-weighting paper, Equation 2 and Algorithm 1).
        """
        _add_gradients(self._shared, self._trunk.combination(weights))
        self._backward_heads(heads)

    def backward_samples(self, weights: Tensor) -> None:
        """Add the gradient of the weighted sum of the sample losses, weights (T, N), to ``.grad``, on the
        shared parameters and on the heads."""
        values = self._entries[0]
        at_features, heads = self._through_heads((weights.to(values) * values).sum())
        self._send(at_features)
        for head, gradients in zip(self._heads, heads, strict=True):
            _add_gradients(head, gradients)

    def backward_features(self, gradients: Sequence[Tensor], heads: Tensor | None = None) -> None:
        """Send T gradients at the representation through the trunk, in place of the tasks' own, and add what
        becomes of their sum to ``.grad`` of the shared parameters; the heads get their own gradients,
        weighted (T,) or not."""
        self._send(gradients)
        self._backward_heads(heads)

    def apply(self, direction: Tensor, heads: Tensor | None = None) -> None:
        """Add a direction (D,) to ``.grad`` of the shared parameters, and the heads' gradients."""
        _add_gradients(self._shared, [g.clone() for g in self._split(direction)])
        self._backward_heads(heads)

    def rotate(self, rotations: Tensor) -> None:
        """Let every head read its own rotation (T, m, m) of the representation from now on."""
        self.model.rotations = rotations

    def _send(self, at_features: Sequence[Tensor]) -> None:
        trunk = Trunk(self._features, at_features, self._shared, self.passes)
        _add_gradients(self._shared, trunk.combination(torch.ones(len(self.tasks))))

    def _backward_heads(self, weights: Tensor | None) -> None:
        for t, (head, gradients) in enumerate(zip(self._heads, self._cut[1], strict=True)):
            scaled = [g.clone() if weights is None else weights[t] * g for g in gradients]
            _add_gradients(head, scaled)


def _add_gradients(parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g.to(p.dtype) if p.grad is None else p.grad + g
