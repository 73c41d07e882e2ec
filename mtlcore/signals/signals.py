"""The class through which a method sees a training step, and fills ``.grad``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from mtlcore.models import MultiTaskModel
from mtlcore.signals import forward_mode
from mtlcore.signals import lookahead as _ahead
from mtlcore.signals.lookahead import Metric
from mtlcore.signals.step import Level, Step, check_level, scale
from mtlcore.signals.trunk import Trunk, flat, inner_products
from mtlcore.tasks.batch import Batch
from mtlcore.tasks.task import Task


class Signals:
    """A lazy view of one training step.

    Nothing is computed before a method asks for it; what was computed is kept; every pass is counted in
    ``passes`` (:class:`mtlcore.signals.Passes`). Each head reads its own detached copy of the shared
    representation z, so one backward pass through all heads gives every task's gradient at z and on its own
    head. The trunk is passed as often as the signal needs: once for a weighted sum of the tasks, T times for
    the task gradients on the shared parameters.

    Parameters
    ----------
    model : MultiTaskModel
        The network.
    batch : Batch
        One input with T sets of labels, or T inputs, each with its own labels.
    tasks : sequence of Task
        The T tasks.
    validation : Batch, optional
        A batch of the validation split, for methods that look at one.

    Raises
    ------
    ValueError
        If tasks, heads and targets differ in number. When a signal is computed: if a batch is empty, labels
        do not fit a loss, a task has no labelled entry in the batch, or a loss is not finite.

    Notes
    -----
    Shapes: T tasks, N samples, D entries of all shared parameters, P of all parameters.

    Examples
    --------
    >>> trunk = torch.nn.Linear(2, 1, bias=False)
    >>> _ = torch.nn.init.ones_(trunk.weight)
    >>> model = mtl.MultiTaskModel(trunk, [torch.nn.Identity(), torch.nn.Identity()])
    >>> batch = mtl.Batch(torch.eye(2), (torch.zeros(2, 1), torch.tensor([[3.0], [1.0]])))
    >>> signals = mtl.Signals(model, batch, [mtl.Task.regression("left"), mtl.Task.regression("right")])
    >>> signals.losses
    tensor([1., 2.])
    >>> signals.jacobian()
    tensor([[ 1.,  1.],
            [-2.,  0.]])
    >>> signals.backward(torch.tensor([1.0, 0.5]))
    >>> trunk.weight.grad
    tensor([[0., 1.]])
    >>> signals.passes
    Passes(forward=1, backward=2, forward_mode=0, partial=0)
    """

    def __init__(
        self,
        model: MultiTaskModel,
        batch: Batch,
        tasks: Sequence[Task],
        validation: Batch | None = None,
    ) -> None:
        self._step = Step(model, batch, tasks, validation)
        self._weights: Tensor | None = None  # of the task losses; None is one each
        self.model, self.batch, self.validation = model, batch, validation
        self.tasks, self.passes = self._step.tasks, self._step.passes

    def scaled(self, weights: Tensor) -> Signals:
        """Return a view of this step whose task losses carry weights.

        Everything that derives from the training losses is scaled: losses, sample losses, gradients at the
        representation, on the trunk and on the heads. What is measured on other parameters or on the
        validation batch is not. The views share the forward pass, all caches and ``passes``.

        Parameters
        ----------
        weights : Tensor, shape (T,)
            Constant weights; they multiply those that this view has already.

        Returns
        -------
        signals : Signals
            The view.
        """
        view = copy.copy(self)
        view._weights = self._weighted(weights.detach())
        return view

    def _weighted(self, rows: Tensor) -> Tensor:
        """T rows times the weights of the task losses."""
        return scale(rows, self._weights)

    # Forward pass --------------------------------------------------------------------------------

    @property
    def losses(self) -> Tensor:
        """(T,) mean loss of each task over its labelled samples, detached."""
        return self._weighted(self._step.losses.detach())

    @property
    def sample_losses(self) -> Tensor:
        """(T, N) loss of every sample, zero where a task has no label, detached."""
        return self._weighted(self._step.entries[0].detach())

    @property
    def labelled(self) -> Tensor:
        """(T, N) mask of the samples that have a label."""
        return self._step.entries[1]

    def features(self) -> tuple[Tensor, ...]:
        """Return T representations that the heads read, detached: T times the same one, or one an input."""
        return tuple(z.detach() for z in self._step.features)

    # Task gradients ------------------------------------------------------------------------------

    @property
    def sizes(self) -> list[int]:
        """Number of entries of each shared parameter, in the order of the Jacobian's columns."""
        return self._step.sizes

    def feature_gradients(self) -> tuple[Tensor, ...]:
        """Return T gradients of the task losses, each at the representation that its head reads."""
        gradients = self._step.feature_grads
        if self._weights is None:
            return gradients
        return tuple(w.to(g) * g for w, g in zip(self._weights, gradients, strict=True))

    def gradient(self, task: int) -> Tensor:
        """Return the gradient (D,) of one task on the shared parameters: one pass through the trunk.

        Parameters
        ----------
        task : int
            Index of the task.
        """
        gradient = self._step.gradient(task)
        return gradient if self._weights is None else self._weights[task].to(gradient) * gradient

    def jacobian(self) -> Tensor:
        """Return the task gradients (T, D) on the shared parameters: T passes through the trunk."""
        return self._weighted(self._step.jacobian)

    def gramian(self, level: Level = "parameters") -> Tensor:
        """Return the inner products of the task gradients.

        Parameters
        ----------
        level : {"parameters", "features"}, default "parameters"
            On the shared parameters (T passes through the trunk), or at the shared representation (one pass
            through the heads for any number of tasks).

        Returns
        -------
        gramian : Tensor, shape (T, T)
            Symmetric, positive semi-definite up to rounding.

        Raises
        ------
        ValueError
            If the level is unknown, or is "features" when every task has an input of its own.
        """
        if check_level(level) == "parameters":
            gramian = self._step.gramian
        elif isinstance(self.batch.inputs, tuple):
            raise ValueError(
                "level='features' compares gradients at one shared representation, but here every "
                "task has an input of its own; use level='parameters'"
            )
        else:
            rows = torch.stack([g.flatten() for g in self._step.feature_grads])
            gramian = inner_products(rows, rows)
        return self._weighted(self._weighted(gramian).T)

    def gramian_row(self, task: int) -> Tensor:
        """Return one row (T,) of the Gramian: one backward and one forward-mode pass.

        Parameters
        ----------
        task : int
            Index of the row.
        """
        return self.alignment(self.gradient(task))

    def gramian_times(self, weights: Tensor) -> Tensor:
        """Return the Gramian times a vector, (T,), without the Gramian: one backward, one forward-mode pass.

        Parameters
        ----------
        weights : Tensor, shape (T,)
            The vector.
        """
        return self.alignment(flat(self._step.trunk.combination(self._weighted(weights), keep=True)))

    def norms(self, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """Return the norms of the task gradients on some parameters: T passes back to these, and no further.

        Parameters
        ----------
        parameters : sequence of Tensor, optional
            Shared parameters; default those of the last layer of the trunk that has any.

        Returns
        -------
        norms : Tensor, shape (T,)
            Euclidean norms.
        """
        norms = self._step.trunk.norms(self._last_layer() if parameters is None else parameters)
        return norms if self._weights is None else scale(norms, self._weights.abs())

    def _last_layer(self) -> list[Tensor]:
        layers = [list(m.parameters(recurse=False)) for m in self.model.trunk.modules()]
        trainable: list[list[Tensor]] = [[p for p in layer if p.requires_grad] for layer in layers]
        return next(layer for layer in reversed(trainable) if layer)

    def alignment(self, direction: Tensor, of: Literal["tasks", "samples"] = "tasks") -> Tensor:
        """Return the inner product of one direction with the gradient of every task, or of every sample.

        One forward-mode pass gives them all, exactly, with the same dropout masks and batch statistics as the
        losses; buffers and random state stay as they are. Where a layer has no forward-mode rule,
        two nested backward passes give the same numbers, with a warning.

        Parameters
        ----------
        direction : Tensor, shape (D,) or (P,)
            On the shared parameters, or on all of them, shared first, then head by head.
        of : {"tasks", "samples"}, default "tasks"
            Whose gradients.

        Returns
        -------
        alignment : Tensor, shape (T,) or (T, N)
            For samples, zero where a label is missing.

        Raises
        ------
        ValueError
            If the direction has another length or is not finite, or ``of`` is something else.

        Notes
        -----
        Forward mode sees through ``torch.no_grad``: a trunk that holds something constant should
        ``detach`` it.
        """
        if of not in ("tasks", "samples"):
            raise ValueError(f"of is 'tasks' or 'samples', not {of!r}")
        return self._weighted(forward_mode.along(self._step, direction, samples=of == "samples"))

    def sample_norms(self, scope: Literal["all", "shared"] = "all") -> Tensor:
        """Return the norm (T, N) of every sample's gradient, by T backward passes a sample.

        Parameters
        ----------
        scope : {"all", "shared"}, default "all"
            On which parameters.
        """
        norms = forward_mode.sample_norms(self._step, shared_only=scope == "shared")
        return norms if self._weights is None else scale(norms, self._weights.abs())

    # Validation batch and throw-away steps -------------------------------------------------------

    def main_gradient(self, main: int = 0, lookahead: float | None = None) -> Tensor:
        """Return the gradient (P,) of the main task's validation loss, on all parameters.

        Parameters
        ----------
        main : int, default 0
            Index of the main task.
        lookahead : float, optional
            Length of a throw-away step against the mean of the task losses, after which the gradient is
            taken. Default: no such step.

        Returns
        -------
        gradient : Tensor, shape (P,)
            In the order of the direction of :meth:`alignment`.

        Raises
        ------
        ValueError
            If there is no validation batch, or it has no label of the main task.
        """
        return _ahead.main_gradient(self._step, main, lookahead, self._weights)

    def response(self, weights: Tensor, lr: float) -> Tensor:
        """Return inner products, on all parameters, of validation gradients with training gradients.

        Parameters
        ----------
        weights : Tensor, shape (T,)
            Weights of the training losses in the throw-away step.
        lr : float
            Length of that step.

        Returns
        -------
        response : Tensor, shape (T, T)
            Each task's validation gradient after the step (rows) with each task's training gradient before
            it (columns).
        """
        rows = _ahead.all_gradients(self._step, self._weighted(weights), lr)
        return torch.stack([self.alignment(row) for row in rows])

    def gains(
        self,
        lr: float,
        main: int = 0,
        metric: Metric | None = None,
        normalise: bool = True,
        on_training: bool = False,
    ) -> tuple[Tensor, float]:
        """Return what a throw-away step on each task does to the main task's metric.

        Every task moves the shared parameters by ``lr`` along its gradient, one task at a time. The main head
        makes its own step both before and after, so that the gain is that of the shared parameters.

        Parameters
        ----------
        lr : float
            Length of the steps.
        main : int, default 0
            Index of the main task.
        metric : callable, optional
            (outputs, targets) -> number, higher is better; it need not be differentiable. Default: minus the
            main loss.
        normalise : bool, default True
            Divide each gradient by its norm first.
        on_training : bool, default False
            Measure on the training batch instead of the validation batch.

        Returns
        -------
        gains : Tensor, shape (T,)
            Positive where the step helps.
        before : float
            The metric before.

        Raises
        ------
        ValueError
            If there is no validation batch, or the metric is not finite after some task's step.
        """
        batch = self.batch if on_training else _ahead.validation_batch(self._step)
        return _ahead.gains(self._step, lr, main, metric, normalise, batch, self._weights)

    def first_order_gains(self, lr: float, main: int = 0, normalise: bool = True) -> Tensor:
        """Return the :meth:`gains` (T,) of minus the main loss to first order in ``lr``.

        Parameters
        ----------
        lr, main, normalise : float, int, bool
            As in :meth:`gains`.
        """
        direction = self.main_gradient(main)[: sum(self.sizes)]
        gains = lr * self.alignment(direction)
        if not normalise:
            return gains
        norms = self.norms(self._step.shared)
        return gains / norms.clamp(min=torch.finfo(norms.dtype).tiny)

    # Filling .grad -------------------------------------------------------------------------------

    def backward(self, weights: Tensor, heads: Tensor | None = None) -> None:
        """Add the weighted sum of the task gradients to ``.grad``. This ends the step: it frees the graph.

        To accumulate gradients over several small batches, call the method's ``backward`` for the first one,
        and give the weights that it returns to this function for the others.

        Parameters
        ----------
        weights : Tensor, shape (T,)
            Weights of the task gradients on the shared parameters.
        heads : Tensor, shape (T,), optional
            Weight of each head's own gradient. Default: one each, as gradient balancing asks
            (random-weighting paper, Equation 2 and Algorithm 1).
        """
        _add_gradients(self._step.shared, self._step.trunk.combination(self._weighted(weights)))
        self._backward_heads(heads)

    def backward_samples(self, weights: Tensor) -> None:
        """Add the gradient of the weighted sum of the sample losses to ``.grad``, trunk and heads alike.

        Parameters
        ----------
        weights : Tensor, shape (T, N)
            Weight of each sample's loss.
        """
        values = self._step.entries[0]
        at_features, heads = self._step.through_heads((self._weighted(weights).to(values) * values).sum())
        self._send(at_features)
        for head, gradients in zip(self._step.heads, heads, strict=True):
            _add_gradients(head, gradients)

    def backward_features(self, gradients: Sequence[Tensor], heads: Tensor | None = None) -> None:
        """Backpropagate T gradients at the representation, in place of the tasks' own, into ``.grad``.

        Parameters
        ----------
        gradients : sequence of Tensor
            T gradients, of the shapes of :meth:`feature_gradients`; their sum reaches the shared parameters.
        heads : Tensor, shape (T,), optional
            As in :meth:`backward`.
        """
        self._send(gradients)
        self._backward_heads(heads)

    def apply(self, direction: Tensor, heads: Tensor | None = None) -> None:
        """Add a direction to ``.grad`` of the shared parameters, and the heads' own gradients to theirs.

        Parameters
        ----------
        direction : Tensor, shape (D,)
            On the shared parameters.
        heads : Tensor, shape (T,), optional
            As in :meth:`backward`.
        """
        _add_gradients(self._step.shared, [g.clone() for g in self._step.split(direction)])
        self._backward_heads(heads)

    def rotate(self, rotations: Tensor) -> None:
        """Let every head read its own rotation of the representation from the next forward pass on.

        Parameters
        ----------
        rotations : Tensor, shape (T, m, m)
            One rotation of the m features a task.
        """
        self.model.rotations = rotations

    def _send(self, at_features: Sequence[Tensor]) -> None:
        """Backpropagate T gradients at the representation into ``.grad`` of the shared parameters."""
        trunk = Trunk(self._step.features, at_features, self._step.shared, self.passes)
        _add_gradients(self._step.shared, trunk.combination(torch.ones(len(self.tasks))))

    def _backward_heads(self, weights: Tensor | None) -> None:
        weights = self._weights if weights is None else self._weighted(weights)
        for t, (head, gradients) in enumerate(zip(self._step.heads, self._step.head_grads, strict=True)):
            # Copies, since clipping changes .grad in place and the step keeps its own gradients.
            _add_gradients(head, [g.clone() if weights is None else weights[t] * g for g in gradients])


def _add_gradients(parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
    for p, g in zip(parameters, gradients, strict=True):
        p.grad = g.to(p.dtype) if p.grad is None else p.grad + g
