"""What the network would do after a throw-away step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mtlcore.methods.base import Metric
from mtlcore.signals.step import Step
from mtlcore.signals.trunk import flat
from mtlcore.tasks.batch import Batch


class LookAhead(Step):
    """A training step that looks at a validation batch, here or after a throw-away step."""

    def main_gradient(self, main: int = 0, lookahead: float | None = None) -> Tensor:
        """(P,) gradient of the main task's loss on the validation batch, on all parameters.

        The order is that of :meth:`alignment`'s direction. With ``lookahead``, it is taken after a
        throw-away step of that length against the mean of the task losses.

        Raises
        ------
        ValueError : there is no validation batch, or it has no label of the main task.
        """
        parameters: dict[str, Tensor] = dict(self.model.named_parameters())
        if lookahead is not None:
            mean = torch.full_like(self.losses, 1 / len(self.tasks))
            parameters = self._moved(self._trunk.combination(mean, keep=True), mean, lookahead)
        outputs = self._call(self.model, parameters, self._validation_batch())
        self.passes.forward += 1
        return self._validation_gradient(parameters, outputs, main)

    def response(self, weights: Tensor, lr: float) -> Tensor:
        """(T, T) inner products, on all parameters, of each task's validation gradient (rows), taken after a
        throw-away step of length ``lr`` against the weighted training losses, with each task's
        training gradient (columns)."""
        parameters = self._moved(self._trunk.combination(weights, keep=True), weights, lr)
        outputs = self._call(self.model, parameters, self._validation_batch())
        self.passes.forward += 1
        rows = [self._validation_gradient(parameters, outputs, t) for t in range(len(self.tasks))]
        return torch.stack([self.alignment(row) for row in rows])

    def gains(
        self,
        lr: float,
        main: int = 0,
        metric: Metric | None = None,
        normalise: bool = True,
        on_training: bool = False,
    ) -> tuple[Tensor, float]:
        """What a throw-away step on each task does to the main task's metric, and the metric before.

        Every task moves the shared parameters by ``lr`` along its gradient, one task at a time. The
        main head has made its own step before and after, so that the gain is that of the shared parameters.

        Parameters
        ----------
        lr : length of the steps.
        main : index of the main task.
        metric : (outputs, targets) -> number, higher is better; it need not be differentiable. Left
            out, minus the main loss.
        normalise : divide each gradient by its norm first.
        on_training : measure on the training batch instead of the validation batch.

        Returns
        -------
        gains : (T,), positive where the step helps.
        before : the metric before.

        Raises
        ------
        ValueError : there is no validation batch, or the metric is not finite after some task's step.
        """
        batch = self.batch if on_training else self._validation_batch()
        own = torch.zeros(len(self.tasks))
        own[main] = 1
        values = [self._measure(self._moved(None, own, lr), batch, main, metric)]
        for index in range(len(self.tasks)):
            direction = self.gradient(index)
            if normalise:
                direction = direction / direction.norm().clamp(min=torch.finfo(direction.dtype).tiny)
            values.append(self._measure(self._moved(self._split(direction), own, lr), batch, main, metric))
        for task, value in zip((None, *self.tasks), values, strict=True):
            if not math.isfinite(value):
                when = f"after a throw-away step on task {task.name!r}" if task else "before any step"
                raise ValueError(f"the metric of task {self.tasks[main].name!r} is {value} {when}")
        return self.losses.new_tensor(values[1:]) - values[0], values[0]

    def first_order_gains(self, lr: float, main: int = 0, normalise: bool = True) -> Tensor:
        """(T,) :meth:`gains` of minus the main loss to first order: ``lr`` times the alignment with its
        validation gradient, over the norms of the task gradients when they are normalised."""
        direction = self.main_gradient(main)[: sum(self.sizes)]
        gains = lr * self.alignment(direction)
        if not normalise:
            return gains
        norms = self.norms(self._shared)
        return gains / norms.clamp(min=torch.finfo(norms.dtype).tiny)

    def _validation_batch(self) -> Batch:
        if self.validation is None:
            raise ValueError("this method looks at a validation batch: Signals(..., validation=batch)")
        return self.validation

    def _moved(self, shared: Sequence[Tensor] | None, heads: Tensor, lr: float) -> dict[str, Tensor]:
        """All parameters, by name, after a step against gradients of the shared ones, or without moving
        those, and against the weighted heads' gradients."""
        step = {} if shared is None else dict(zip(self._shared, shared, strict=True))
        for weight, head, gradients in zip(heads, self._heads, self._cut[1], strict=True):
            step |= {p: weight.to(g) * g for p, g in zip(head, gradients, strict=True)}
        return {
            name: (p.detach() - lr * step[p]).requires_grad_() if p in step else p
            for name, p in self.model.named_parameters()
        }

    def _measure(
        self, parameters: dict[str, Tensor], batch: Batch, main: int, metric: Metric | None
    ) -> float:
        self.passes.forward += 1
        with torch.no_grad(), self.model.evaluating():
            outputs = self._call(self.model, parameters, batch)
        if metric is None:
            return -self._batch_loss(outputs, batch, main).item()
        return metric(outputs[main], batch.targets[main])

    def _validation_gradient(
        self, parameters: dict[str, Tensor], outputs: Sequence[Tensor], task: int
    ) -> Tensor:
        names = {p: name for name, p in self.model.named_parameters()}
        wanted = [parameters[names[p]] for p in [*self._shared, *self._own]]
        loss = self._batch_loss(outputs, self._validation_batch(), task)
        self.passes.backward += 1
        gradient = torch.autograd.grad(loss, wanted, retain_graph=True, materialize_grads=True)
        return flat(gradient)

    def _batch_loss(self, outputs: Sequence[Tensor], batch: Batch, task: int) -> Tensor:
        values, present = self.tasks[task].sample_losses(outputs[task], batch.targets[task])
        if not present.any():
            raise ValueError(f"task {self.tasks[task].name!r} has no label in the validation batch")
        return values.sum() / present.sum()
