"""The class through which a method sees a training step, and fills ``.grad``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.amp.grad_scaler import GradScaler
from torch.nn.parallel import DistributedDataParallel

from mtlcore.models import MultiTaskModel
from mtlcore.signals import lookahead as _ahead
from mtlcore.signals.alignment import along
from mtlcore.signals.combined import Combined
from mtlcore.signals.forward_mode import sample_norms
from mtlcore.signals.gradients import add, are_finite, check_finite, owned
from mtlcore.signals.lookahead import Metric
from mtlcore.signals.network import device_of, unwrapped
from mtlcore.signals.precision import Precision
from mtlcore.signals.step import Gradients, Level, Step, check_level, check_samples, scale, weighted
from mtlcore.signals.trunk import SPENT, flat
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
    model : MultiTaskModel or DistributedDataParallel
        The network. Wrapped, the step is that of the batches of all processes together: decisions are taken
        on the signals of the whole, and all processes write the same gradients.
    batch : Batch, or sequence of Batch
        One input with T sets of labels, or T inputs, each with its own labels. Several are micro-batches of
        one step (gradient accumulation): every signal is that of all of them, the memory that of one. Each
        then passes forward twice or more.
    tasks : sequence of Task
        The T tasks.
    validation : Batch, optional
        A batch of the validation split, for methods that look at one.
    absent : {"skip", "raise"}, default "skip"
        What is done about a task without a label in the batch: methods leave it out of the step, or a
        ValueError.
    scaler : torch.amp.GradScaler, optional
        For autocast in float16: ``.grad`` carries its scale, as ``scaler.step`` expects; signals do not.

    Raises
    ------
    TypeError
        If the model is something else.
    ValueError
        If tasks, heads and targets differ in number. When a signal is computed: if a batch is empty, labels
        do not fit a loss, a loss is not finite, or with ``absent="raise"`` if a task has no label.

    Notes
    -----
    Shapes: T tasks, N samples, D entries of all shared parameters, P of all parameters. Inner products and
    norms are in float64, and do not overflow.

    Forward passes run under autocast as it was where this object was made; backward passes never do. In a
    distributed training every process asks the same questions in the same order, and a validation batch is
    that of all processes together. ``passes`` counts those of this process.

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
        model: MultiTaskModel | DistributedDataParallel,
        batch: Batch | Sequence[Batch],
        tasks: Sequence[Task],
        validation: Batch | None = None,
        *,
        absent: Literal["skip", "raise"] = "skip",
        scaler: GradScaler | None = None,
    ) -> None:
        if absent not in ("skip", "raise"):
            raise ValueError(f"absent is 'skip' or 'raise', not {absent!r}")
        network, processes = unwrapped(model)
        precision = Precision(device_of(network), scaler)
        batches = [batch] if isinstance(batch, Batch) else list(batch)
        if not batches:
            raise ValueError("a step needs at least one batch")
        parts = [Step(network, b, tasks, validation, precision) for b in batches]
        alone = len(parts) == processes.number == 1
        self._step: Step | Combined = parts[0] if alone else Combined(parts, processes)
        self._weights: Tensor | None = None  # of the task losses; None is one each
        self.absent = absent
        self.model, self._batches, self.validation, self.scaler = network, batches, validation, scaler
        self.tasks, self.passes = self._step.tasks, self._step.passes

    def only(self, kept: Sequence[int]) -> Signals:
        """Return a view of this step with some of its tasks.

        Parameters
        ----------
        kept : sequence of int
            Indices of these tasks.

        Returns
        -------
        signals : Signals
            Every signal has as many rows as tasks are kept; the other heads get no gradient.
        """
        view = copy.copy(self)
        view._step = self._step.only(kept)
        view.tasks = view._step.tasks
        view._weights = None if self._weights is None else self._weights[list(kept)]
        return view

    @property
    def present(self) -> tuple[bool, ...]:
        """Whether each of the T tasks has a label in this step."""
        _ = self.losses
        return self._step.present

    @property
    def validated(self) -> tuple[bool, ...]:
        """Whether each of the T tasks has a label in the validation batch."""
        return _ahead.validated(self._step)

    def agreed(self, tensor: Tensor) -> Tensor:
        """Return a tensor of process 0, in every process; alone, the tensor itself.

        Decisions pass through here, so that processes agree even where a method draws at random.

        Parameters
        ----------
        tensor : Tensor
            Of one shape in all processes.
        """
        return self._step.agreed(tensor)

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
        """(T,) mean loss of each task over its labelled samples, detached; NaN for one without a label."""
        losses = self._step.losses
        if self.absent == "raise" and not all(self._step.present):
            name = self.tasks[self._step.present.index(False)].name
            raise ValueError(
                f"task {name!r} has no labelled entry in this batch; use larger batches, leave the task out, "
                "or pass absent='skip'"
            )
        return self._weighted(losses)

    def losses_now(self) -> Tensor:
        """Return the losses of this step's batch at the parameters as they are now: one forward pass.

        Random numbers and buffers are those of the step's own forward pass, so that dropout draws the same
        masks; they stay as they are. There is no graph, and it does not matter whether the step has ended.

        Returns
        -------
        losses : Tensor, shape (T,)
            Of the tasks as in ``losses``; where no parameter has changed, the same up to rounding.
        """
        return self._weighted(self._step.losses_now())

    @property
    def sample_losses(self) -> Tensor:
        """(T, N) loss of every sample, zero where a task has no label, detached."""
        return self._weighted(self._step.sample_losses)

    @property
    def labelled(self) -> Tensor:
        """(T, N) mask of the samples that have a label."""
        return self._step.labelled

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

        Notes
        -----
        Cost on the shared parameters: T backward passes. The weighted sum of the task gradients, which
        :meth:`backward` takes afterwards, needs no further pass where the T gradients were kept, and one
        more, T + 1 in all, where only their inner products were. That is so where a linear layer is wide
        enough to compare its gradients in coordinates, which cost less. Where the T gradients fill more
        memory than one block, those of a block are made again for every earlier one.
        """
        if check_level(level) == "parameters":
            gramian = self._step.gramian
        elif isinstance(self._batches[0].inputs, tuple):
            raise ValueError(
                "level='features' compares gradients at one shared representation, but here every "
                "task has an input of its own; use level='parameters'"
            )
        else:
            gramian = self._step.feature_gramian()
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
        combined = self._step.combination(self._weighted(weights), keep=True)
        return self.alignment(flat(combined, self._step.shared))

    def norms(self, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """Return the norms of the task gradients on some parameters: T passes back to these, and no further.

        Parameters
        ----------
        parameters : sequence of Tensor, optional
            Shared parameters; default those of the layer that is nearest to the representation.

        Returns
        -------
        norms : Tensor, shape (T,)
            Euclidean norms.
        """
        norms = self._step.norms(parameters)
        return norms if self._weights is None else scale(norms, self._weights.abs())

    def alignment(self, direction: Tensor, of: Literal["tasks", "samples"] = "tasks") -> Tensor:
        """Return the inner product of one direction with the gradient of every task, or of every sample.

        One forward-mode pass gives them all, exactly, with the same dropout masks and batch statistics as the
        losses; buffers and random state stay as they are. The first time that a model is seen the result is
        compared with a backward pass. Where it is not the same (a layer without a forward-mode rule, a hook
        on an activation, a ``torch.no_grad`` region), two nested backward passes or one backward pass for
        each gradient are taken instead, and a warning says so.

        Parameters
        ----------
        direction : Tensor, shape (D,) or (P,)
            On the shared parameters, or on all of them, shared first, then head by head.
        of : {"tasks", "samples"}, default "tasks"
            Whose gradients.

        Returns
        -------
        alignment : Tensor of float64, shape (T,) or (T, N)
            For samples, zero where a label is missing.

        Raises
        ------
        ValueError
            If the direction has another length or is not finite, the loss of a sample is not finite, or
            ``of`` is something else.
        RuntimeError
            If gradients of samples need a second forward pass and that gives other losses.
        """
        if of not in ("tasks", "samples"):
            raise ValueError(f"of is 'tasks' or 'samples', not {of!r}")
        samples = of == "samples"
        if samples:
            check_samples(self._step.sample_losses, self.tasks)
        return self._weighted(self._step.each(lambda part: along(part, direction, samples), samples))

    def sample_norms(self, scope: Literal["all", "shared"] = "all") -> Tensor:
        """Return the norm (T, N) of every sample's gradient, by T backward passes a sample.

        Parameters
        ----------
        scope : {"all", "shared"}, default "all"
            On which parameters.
        """
        check_samples(self._step.sample_losses, self.tasks)
        norms = self._step.each(lambda part: sample_norms(part, scope == "shared"), samples=True)
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
            it (columns). Rows of tasks without a label in the validation batch are zero.
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
            main loss. Of several processes the mean is taken.
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
        batches = self._batches if on_training else [_ahead.validation_batch(self._step)]
        return _ahead.gains(self._step, lr, main, metric, normalise, batches, self._weights)

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

        A parameter that no loss reaches keeps its ``.grad``, None in a fresh network.

        Parameters
        ----------
        weights : Tensor, shape (T,)
            Weights of the task gradients on the shared parameters.
        heads : Tensor, shape (T,), optional
            Weight of each head's own gradient. Default: one each, as gradient balancing asks
            (random-weighting paper, Equation 2 and Algorithm 1).

        Raises
        ------
        ValueError
            If a gradient is not finite; then nothing is written.
        RuntimeError
            If the step has filled ``.grad`` already.
        """
        self._end()
        if heads is weights:
            shared, own = self._step.losses_backward(self._weighted(weights))
            self._write(owned(shared), [owned(gradients) for gradients in own])
        else:
            shared, own = self._step.combination_and_heads(self._weighted(weights))
            self._write(owned(shared), self._weighted_heads(own, heads))

    def backward_samples(self, weights: Tensor) -> None:
        """Add the gradient of the weighted sum of the sample losses to ``.grad``, trunk and heads alike.

        Parameters
        ----------
        weights : Tensor, shape (T, N)
            Weight of each sample's loss.

        Raises
        ------
        ValueError
            If a gradient is not finite; then nothing is written.
        RuntimeError
            If the step has filled ``.grad`` already.
        """
        self._end()
        shared, heads = self._step.samples_backward(self._weighted(weights))
        self._write(owned(shared), [owned(own) for own in heads])

    def backward_features(self, gradients: Sequence[Tensor], heads: Tensor | None = None) -> None:
        """Backpropagate T gradients at the representation, in place of the tasks' own, into ``.grad``.

        Parameters
        ----------
        gradients : sequence of Tensor
            T gradients, of the shapes of :meth:`feature_gradients`; their sum reaches the shared parameters.
        heads : Tensor, shape (T,), optional
            As in :meth:`backward`.

        Raises
        ------
        ValueError
            If a gradient is not finite; then nothing is written.
        RuntimeError
            If the step has filled ``.grad`` already.
        """
        self._end()
        shared = self._step.features_backward(gradients)
        self._write(owned(shared), self._weighted_heads(self._step.head_grads, heads))

    def apply(self, direction: Tensor, heads: Tensor | None = None) -> None:
        """Add a direction to ``.grad`` of the shared parameters, and the heads' own gradients to theirs.

        Parameters
        ----------
        direction : Tensor, shape (D,)
            On the shared parameters.
        heads : Tensor, shape (T,), optional
            As in :meth:`backward`.

        Raises
        ------
        ValueError
            If a gradient is not finite; then nothing is written.
        RuntimeError
            If the step has filled ``.grad`` already.
        """
        self._end()
        self._write(
            owned(self._step.direction(direction)), self._weighted_heads(self._step.head_grads, heads)
        )

    def overflow(self) -> None:
        """Write infinities into ``.grad``, so that the scaler skips this step and lowers its scale."""
        self._end()
        for p in (*self._step.shared, *self._step.head_params):
            p.grad = torch.full_like(p, torch.inf)

    @property
    def skipped(self) -> bool:
        """Whether the optimiser had nothing to do: no ``.grad`` was filled, or its scaler skips what was.

        Raises
        ------
        RuntimeError
            If there is a scaler, and the gradients that it looked at are gone.
        """
        if not self._step.root.spent:
            return True
        if self._step.precision.scale is None:
            return False
        gradients = [p.grad for p in (*self._step.shared, *self._step.head_params)]
        if all(g is None for g in gradients):
            raise RuntimeError(
                "the gradients are gone that say whether the scaler has skipped the step: after "
                "scaler.step(optimizer), call method.after_step(signals) before optimizer.zero_grad()"
            )
        return not are_finite(gradients)

    def rotate(self, rotations: Tensor) -> None:
        """Let every head read its own rotation of the representation from the next forward pass on.

        Parameters
        ----------
        rotations : Tensor, shape (T, m, m)
            One rotation of the m features a task.
        """
        self.model.rotations = rotations

    def _end(self) -> None:
        """Mark the step as used up."""
        if self._step.root.spent:
            raise RuntimeError(SPENT)
        self._step.root.spent = True

    def _weighted_heads(self, gradients: list[Gradients], weights: Tensor | None) -> list[Gradients]:
        weights = self._weights if weights is None else self._weighted(weights)
        if weights is None:  # copies, since clipping changes .grad in place and the step keeps its own
            return [[None if g is None else g.clone() for g in own] for own in gradients]
        return weighted(weights, gradients)

    def _write(self, shared: Sequence[Tensor | None], heads: list[Gradients]) -> None:
        parameters = [*self._step.shared, *self._step.head_params]
        gradients = [*shared, *(g for head in heads for g in head)]
        scale = self._step.precision.scale
        if scale is None:
            check_finite(self.model, parameters, gradients)
        else:  # the scaler itself looks for what is not finite, and skips the step
            gradients = [None if g is None else g * scale for g in gradients]
        add(parameters, gradients)
