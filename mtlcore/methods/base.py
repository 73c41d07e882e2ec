"""The base classes of all methods: rules from a signal of the training step to weights or a direction."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from mtlcore.methods._params import as_text, same
from mtlcore.methods._state import TaskState
from mtlcore.signals import Level, NonFiniteError, Signals, check_level
from mtlcore.signals.step import at_least_single
from mtlcore.signals.trunk import gram

Scale = Literal["sum", "mean"]


class Method(TaskState):
    """A rule that balances tasks.

    Class attributes describe the rule:

    * ``sees``: the signal that :meth:`weights` reads: "losses", "gramian", "jacobian", "norms", "alignment",
      "gains" or "response";
    * ``family``: "losses", "gradients", "auxiliary" or "samples";
    * ``validates``: whether it looks at a validation batch;
    * ``published``: the scale on which its paper states it, "sum" or "mean";
    * ``weights_heads``: whether each head's own gradient carries its task's weight, too.

    A subclass stores every argument of its constructor under the argument's name, and declares its state by
    ``add_state``. It writes ``rule`` (of :class:`LossBalancing` and :class:`GradientBalancing`), or
    :meth:`weights` and :meth:`step_weights`.

    Parameters
    ----------
    scale : {"sum", "mean"}, optional
        Whether equal weights would be 1 each or 1/T each. Under SGD that is a factor of T in the learning
        rate. Default: as published.

    Raises
    ------
    ValueError
        If the scale is something else.
    """

    sees: str
    family: ClassVar[str]
    validates: ClassVar[bool] = False
    published: ClassVar[Scale] = "sum"
    weights_heads: ClassVar[bool] = False
    main: int | None = None

    def __init__(self, *, scale: Scale | None = None) -> None:
        super().__init__()
        if scale not in (None, "sum", "mean"):
            raise ValueError(f"scale is 'sum' or 'mean', not {scale!r}")
        self.scale: Scale = scale or self.published

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights of the tasks.

        Parameters
        ----------
        signal : Tensor
            The signal that this rule sees.

        Returns
        -------
        weights : Tensor, shape (T,)
            In float64 for such a signal, else in float32.
        """
        raise NotImplementedError

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the update direction on the shared parameters.

        Parameters
        ----------
        jacobian : Tensor, shape (T, D)
            The task gradients.
        sizes : sequence of int, optional
            Numbers of entries of the shared parameters, whose sum is D.

        Returns
        -------
        direction : Tensor, shape (D,)
            A step goes against it.
        """
        raise NotImplementedError

    def step_weights(self, signals: Signals) -> Tensor:
        """Return the weights of the task gradients in a training step.

        Parameters
        ----------
        signals : Signals
            The training step.

        Returns
        -------
        weights : Tensor, shape (T,)
            From the signal that this rule sees.
        """
        raise NotImplementedError

    def backward(self, signals: Signals) -> Tensor | None:
        """Fill ``.grad`` of the shared parameters and of the heads.

        A task without a label in this step is left out: the step is that of the other tasks, and what is
        known of the task does not change. Where the main task has no label, the others follow their rule and
        nothing is learned; where the rule cannot do without it, or no task has a label, no step is taken.

        Parameters
        ----------
        signals : Signals
            The training step.

        Returns
        -------
        weights : Tensor, shape (T,), or None
            The weights, if the rule has any; zero for a task without a label. All are zero where a gradient
            overflows and the signals have a loss scaler: then ``.grad`` makes that skip the step, and nothing
            is learned.

        Raises
        ------
        ValueError
            If there is no task number ``main``, or the rule cannot use a signal.
        """
        device = signals.losses.device
        with torch.autocast(device.type, enabled=False):
            if signals.scaler is None or not signals.scaler.is_enabled():
                return self._balance(signals)
            before = copy.deepcopy(self.state_dict())
            try:
                return self._balance(signals)
            except ValueError as error:
                if not (isinstance(error, NonFiniteError) or _overflowed(signals)):
                    raise
                signals.overflow()
                self.load_state_dict(before)
                return self._no_step(signals)

    def _balance(self, signals: Signals) -> Tensor | None:
        """Fill ``.grad`` by the rule, among the tasks that have a label."""
        return self._among(signals, lambda method, view: method._fill(view))

    def _fill(self, signals: Signals) -> Tensor | None:
        """Fill ``.grad`` in a step in which all tasks have labels; return the weights, if there are any."""
        weights = signals.agreed(self.step_weights(signals))
        signals.backward(weights, heads=weights if self.weights_heads else None)
        self.after_backward(signals)
        return weights

    def _among(self, signals: Signals, act: Callable[[Method, Signals], Tensor | None]) -> Tensor | None:
        """Let a method act on the tasks that have a label; return its answer with zeros for the others."""
        present = signals.present
        tasks, kept = len(present), [task for task, there in enumerate(present) if there]
        main = None if self.main is None else check_main(self.main, tasks)
        if not kept or self._lacks(signals):
            return self._no_step(signals)
        if len(kept) == tasks:
            return act(self, signals)
        self._meet(tasks, signals.losses.device)
        # A main task without a label stays in view, with a gradient of zero.
        view = kept if main is None else sorted({*kept, main})
        twin = self._alone(view, tasks)
        head = [] if main is None or main in kept else signals.model.head_parameters()[main]
        before = [p.grad for p in head]
        weights = act(twin, signals.only(view))
        if view == kept:
            self._take_from(twin, kept, tasks)
        for p, gradient in zip(head, before, strict=True):
            p.grad = gradient  # no loss has reached it, and an optimiser would go by its averages
        if weights is None:
            return None
        whole = weights.new_zeros(tasks)
        whole[kept] = weights[[view.index(task) for task in kept]]
        return whole

    def _no_step(self, signals: Signals) -> Tensor | None:
        """The answer of a step that is not taken."""
        losses = signals.losses
        return None if self.sees == "jacobian" else torch.zeros_like(losses, dtype=_type_of_weights(losses))

    def _lacks(self, signals: Signals) -> bool:
        """Whether a label is missing without which the rule has no step."""
        return False

    def _main_in(self, labels: tuple[bool, ...]) -> bool:
        """Whether the main task has a label, of T tasks."""
        return self.main is not None and labels[check_main(self.main, len(labels))]

    def _alone(self, kept: Sequence[int], tasks: int) -> Any:
        twin = super()._alone(kept, tasks)
        if twin.main is not None:
            twin.main = list(kept).index(check_main(twin.main, tasks))
        return twin

    def after_backward(self, signals: Signals) -> None:
        """Train what the rule learns besides its weights; called when ``.grad`` is filled.

        Parameters
        ----------
        signals : Signals
            The training step.
        """

    def after_step(self, signals: Signals) -> None:
        """Learn from what the optimiser's step has changed; most rules have nothing to do.

        A training loop calls it after ``optimizer.step()`` (or ``scaler.step(optimizer)``), before gradients
        are set to zero.

        Parameters
        ----------
        signals : Signals
            Those that :meth:`backward` had.
        """

    def reset(self) -> None:
        """Forget what was seen so far."""
        self._forget()

    def seed(self, seed: int) -> None:
        """Start the draws anew; a rule that draws nothing has nothing to do.

        Parameters
        ----------
        seed : int
            Seed of the generator.
        """

    def learnable(self, tasks: int | None = None) -> list[nn.Parameter]:
        """Return parameters that the training loop's optimiser should step, without weight decay.

        Parameters
        ----------
        tasks : int, optional
            Number of tasks. Most optimisers can do without: the parameters then take their size from the
            first step. Adagrad needs it.

        Returns
        -------
        parameters : list of torch.nn.Parameter
            Empty for a rule that learns nothing in this way.
        """
        return []

    def end_epoch(self) -> None:
        """Note the end of an epoch; the training loop calls this after each."""

    def get_params(self) -> dict[str, Any]:
        """Return the arguments of the constructor as they are stored, without ``generator``.

        Returns
        -------
        params : dict
            Values by name, in the order of the signature.
        """
        names = inspect.signature(type(self)).parameters
        return {name: getattr(self, name) for name in names if name != "generator"}

    def changed_params(self) -> dict[str, Any]:
        """Return the part of :meth:`get_params` that differs from the defaults.

        Returns
        -------
        params : dict
            Values by name, in the order of the signature.
        """
        defaults = {n: p.default for n, p in inspect.signature(type(self)).parameters.items()}
        return {
            name: value
            for name, value in self.get_params().items()
            if not same(value, defaults[name]) and not (name == "scale" and value == self.published)
        }

    def extra_repr(self) -> str:
        return ", ".join(
            repr(value) if isinstance(value, Method) else f"{name}={as_text(value)}"
            for name, value in self.changed_params().items()
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

    def _rescale(self, weights: Tensor, signal: Tensor) -> Tensor:
        """The weights on the scale that was asked for, in float64 for such a signal, else in float32."""
        factor = {("mean", "sum"): len(weights), ("sum", "mean"): 1 / len(weights)}
        weights = weights * factor.get((self.published, self.scale), 1)
        weights = weights.to(_type_of_weights(signal))
        check_finite(torch.isfinite(weights).view(len(weights), -1).all(1), "weight", ValueError)
        return weights


class LossBalancing(Method):
    """Rules that weight the task losses, and so the shared parameters and the heads alike.

    Parameters
    ----------
    scale : {"sum", "mean"}, optional
        Whether equal weights would be 1 each or 1/T each. Default: as published.

    Examples
    --------
    >>> class Inverse(mtl.methods.LossBalancing):
    ...     def rule(self, losses):
    ...         return len(losses) / losses / (1 / losses).sum()
    >>> Inverse().weights(torch.tensor([1.0, 3.0]))
    tensor([1.5000, 0.5000])
    """

    sees = "losses"
    family: ClassVar[str] = "losses"
    weights_heads = True

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights of the tasks from their losses.

        Parameters
        ----------
        signal : Tensor, shape (T,)
            The task losses.

        Returns
        -------
        weights : Tensor, shape (T,)
            On the scale that was asked for.

        Raises
        ------
        ValueError
            If the losses are no vector, there is none, or one is not finite.
        """
        losses = check_vector(signal, "loss")
        self._meet(len(losses), losses.device)
        return self._rescale(self.rule(losses.double()), signal)

    def rule(self, losses: Tensor) -> Tensor:
        """Return the weights on the published scale; this is what a subclass writes.

        Parameters
        ----------
        losses : Tensor, shape (T,)
            Finite, in float64.

        Returns
        -------
        weights : Tensor, shape (T,)
            In float64.
        """
        raise NotImplementedError

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the losses in this step."""
        return self.weights(signals.losses)


class GramianRule(Method):
    """Rules that weight the task gradients on the shared parameters by their Gramian.

    Each head keeps its own gradient, unweighted. A subclass writes :meth:`rule`.
    """

    sees = "gramian"

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights of the task gradients from their Gramian.

        Parameters
        ----------
        signal : Tensor, shape (T, T)
            Inner products of the task gradients.

        Returns
        -------
        weights : Tensor, shape (T,)
            On the scale that was asked for.

        Raises
        ------
        ValueError
            If the Gramian is not square, is empty, or holds an entry that is not finite.
        """
        gramian = check_gramian(signal)
        self._meet(len(gramian), gramian.device)
        return self._rescale(self.rule(gramian.double()), signal)

    def rule(self, gramian: Tensor) -> Tensor:
        """Return the weights on the published scale; this is what a subclass writes.

        Parameters
        ----------
        gramian : Tensor, shape (T, T)
            Inner products of the task gradients: finite, in float64.

        Returns
        -------
        weights : Tensor, shape (T,)
            In float64.
        """
        raise NotImplementedError

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """Return the weighted sum of the task gradients.

        Parameters
        ----------
        jacobian : Tensor, shape (T, D)
            The task gradients.
        sizes : sequence of int, optional
            Not used.

        Returns
        -------
        direction : Tensor, shape (D,)
            A step goes against it.
        """
        jacobian = check_jacobian(jacobian)
        return weighted_sum(self.weights(gram(jacobian)), jacobian)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the task gradients in this step."""
        return self.weights(signals.gramian())


class GradientBalancing(GramianRule):
    """Rules that weight the task gradients by their Gramian; each head keeps its own gradient.

    Parameters
    ----------
    scale : {"sum", "mean"}, optional
        Whether equal weights would be 1 each or 1/T each. Default: as published.
    level : {"parameters", "features"}, default "parameters"
        Where inner products are taken: on the shared parameters, or at the shared representation.

    Raises
    ------
    ValueError
        If the scale or the level is something else.

    Examples
    --------
    >>> class InverseNorm(mtl.methods.GradientBalancing):
    ...     def rule(self, gramian):
    ...         inverse = 1 / gramian.diagonal().sqrt()
    ...         return len(gramian) * inverse / inverse.sum()
    >>> InverseNorm().weights(torch.tensor([[1.0, 0.0], [0.0, 9.0]]))
    tensor([1.5000, 0.5000])
    """

    family: ClassVar[str] = "gradients"

    def __init__(self, *, scale: Scale | None = None, level: Level = "parameters") -> None:
        super().__init__(scale=scale)
        self.level = check_level(level)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the task gradients in this step, from the Gramian at the level."""
        return self.weights(signals.gramian(self.level))


def weighted_sum(weights: Tensor, rows: Tensor) -> Tensor:
    """The sum (D,) of rows (T, D) with weights (T,), in the type of the rows; summed in float32 or more."""
    wide = at_least_single(rows)
    return (weights.to(wide) @ wide).to(rows)


def check_vector(vector: Tensor, what: str) -> Tensor:
    """A finite vector with an entry for each of at least one task, detached."""
    if vector.dim() != 1 or not len(vector):
        raise ValueError(f"one {what} for each task has shape (T,) with T >= 1, not {tuple(vector.shape)}")
    check_finite(torch.isfinite(vector), what)
    return vector.detach()


def check_gramian(gramian: Tensor) -> Tensor:
    """A finite square matrix of inner products, detached."""
    if gramian.dim() != 2 or gramian.shape[0] != gramian.shape[1] or not len(gramian):
        raise ValueError(f"a Gramian has shape (T, T) with T >= 1, not {tuple(gramian.shape)}")
    check_finite(torch.isfinite(gramian.diagonal()), "gradient")
    check_finite(torch.isfinite(gramian).all(1), "gradient")
    return gramian.detach()


def check_jacobian(jacobian: Tensor) -> Tensor:
    """A finite matrix with one task gradient a row, detached."""
    if jacobian.dim() != 2 or not len(jacobian):
        raise ValueError(f"a Jacobian has shape (T, D) with T >= 1, not {tuple(jacobian.shape)}")
    check_finite(torch.isfinite(jacobian).all(1), "gradient")
    return jacobian.detach()


def check_main(main: int, tasks: int) -> int:
    """The index of the main task, among as many tasks as there are."""
    if not -tasks <= main < tasks:
        raise ValueError(f"main={main}, but there are only {tasks} tasks (0 to {tasks - 1})")
    return main % tasks


def _overflowed(signals: Signals) -> bool:
    """Whether a task gradient is not finite."""
    return not torch.isfinite(signals.norms(list(signals.model.shared_parameters()))).all()


def _type_of_weights(signal: Tensor) -> torch.dtype:
    return torch.float64 if signal.dtype == torch.float64 else torch.float32


def check_finite(finite: Tensor, what: str, error: type[ValueError] = NonFiniteError) -> None:
    """Raise an error with the numbers of the tasks for which it does not hold, of (T,) truth values."""
    if not finite.all():
        bad = ", ".join(str(i) for i in (~finite).nonzero().flatten().tolist())
        raise error(f"the {what} of task {bad} is not finite; lower the learning rate or check its data")
