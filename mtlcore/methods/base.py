"""What every method is: a rule from a signal of the training step to weights, or to a direction."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from mtlcore.methods._params import as_text, same
from mtlcore.signals import Level, Signals, check_level

Scale = Literal["sum", "mean"]


class Method(nn.Module):
    """A rule that balances tasks.

    Class attributes say what a rule looks at and where it belongs:

    * ``sees``: the signal that ``weights`` reads, such as "losses", "gramian" or "alignment";
    * ``family``: "losses", "gradients", "auxiliary" or "samples";
    * ``validates``: whether it looks at a validation batch;
    * ``published``: the scale on which its paper states it, "sum" or "mean";
    * ``weights_heads``: whether each head's own gradient carries its task's weight, too.

    Parameters
    ----------
    scale : "sum" answers on the scale on which equal weighting is the sum of the tasks, "mean" on the
        one on which it is their mean, a factor of T apart. Under SGD that is a factor of T in the
        learning rate. Default: as published.
    """

    sees: str
    family: ClassVar[str]
    validates: ClassVar[bool] = False
    published: ClassVar[Scale] = "sum"
    weights_heads: ClassVar[bool] = False

    def __init__(self, *, scale: Scale | None = None) -> None:
        super().__init__()
        if scale not in (None, "sum", "mean"):
            raise ValueError(f"scale is 'sum' or 'mean', not {scale!r}")
        self.scale: Scale = scale or self.published

    def weights(self, signal: Tensor) -> Tensor:
        """(T,) weights of the tasks from the signal that this rule sees."""
        raise NotImplementedError

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """(D,) update direction from the task gradients (T, D); a step goes against it."""
        raise NotImplementedError

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the task gradients in this step."""
        raise NotImplementedError

    def backward(self, signals: Signals) -> Tensor | None:
        """Fill ``.grad`` of the shared and the task parameters; return the weights, if there are any."""
        weights = self.step_weights(signals)
        signals.backward(weights, heads=weights if self.weights_heads else None)
        self.after_backward(signals)
        return weights

    def after_backward(self, signals: Signals) -> None:
        """Called when the gradients are filled, for rules that train more than their weights."""

    def reset(self) -> None:
        """Forget what was seen so far."""

    def seed(self, seed: int) -> None:
        """Start the draws anew; a rule that draws nothing has nothing to do."""

    def learnable(self) -> list[nn.Parameter]:
        """Parameters that the training loop's optimiser should step, without weight decay."""
        return []

    def end_epoch(self) -> None:
        """Told at the end of every epoch, for rules that think in epochs."""

    def get_params(self) -> dict[str, Any]:
        """The arguments of the constructor by name, as they are stored; without ``generator``.

        Every argument is stored as an attribute of its own name.
        """
        names = inspect.signature(type(self)).parameters
        return {name: getattr(self, name) for name in names if name != "generator"}

    def changed_params(self) -> dict[str, Any]:
        """The part of :meth:`get_params` that differs from the defaults."""
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
        weights = weights.to(torch.float64 if signal.dtype == torch.float64 else torch.float32)
        _check_finite(torch.isfinite(weights), "weight")
        return weights

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # State takes its size from the first step, so a fresh method takes it from the file.
        for name in self._buffers:
            if prefix + name in state_dict:
                self._buffers[name] = torch.empty_like(state_dict[prefix + name])
        for name, parameter in self._parameters.items():
            if parameter is not None and prefix + name in state_dict:
                parameter.data = torch.empty_like(state_dict[prefix + name])
        super()._load_from_state_dict(state_dict, prefix, *args)


class LossBalancing(Method):
    """Rules that weight the task losses, and so the shared and the task parameters alike."""

    sees = "losses"
    family: ClassVar[str] = "losses"
    weights_heads = True

    def weights(self, signal: Tensor) -> Tensor:
        """Weights of the tasks, (T,), from their losses, (T,).

        Raises
        ------
        ValueError : the losses are no vector, there is none, or one is not finite.
        """
        losses = check_losses(signal)
        return self._rescale(self.rule(losses.double()), signal)

    def rule(self, losses: Tensor) -> Tensor:
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
        """Weights of the task gradients, (T,), from their Gramian, (T, T).

        Raises
        ------
        ValueError : the Gramian is not square, is empty, or holds an entry that is not finite.
        """
        gramian = check_gramian(signal)
        return self._rescale(self.rule(gramian.double()), signal)

    def rule(self, gramian: Tensor) -> Tensor:
        raise NotImplementedError

    def direction(self, jacobian: Tensor, sizes: Sequence[int] | None = None) -> Tensor:
        """The weighted sum of the task gradients, (T, D) -> (D,)."""
        jacobian = check_jacobian(jacobian)
        return self.weights(jacobian @ jacobian.T) @ jacobian

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the task gradients in this step."""
        return self.weights(signals.gramian())


class GradientBalancing(GramianRule):
    """Rules of the family of gradients that weight the task gradients by their Gramian, at one of two levels.

    Parameters
    ----------
    scale : {"sum", "mean"}, optional
        As in :class:`Method`.
    level : {"parameters", "features"}, default "parameters"
        Where the inner products are taken: on the shared parameters, or at the shared representation, where
        one pass through the heads gives them for any number of tasks.

    Raises
    ------
    ValueError
        If the scale or the level is something else.
    """

    family: ClassVar[str] = "gradients"

    def __init__(self, *, scale: Scale | None = None, level: Level = "parameters") -> None:
        super().__init__(scale=scale)
        self.level = check_level(level)

    def step_weights(self, signals: Signals) -> Tensor:
        """The weights (T,) of the task gradients in this step, from the Gramian at the level."""
        return self.weights(signals.gramian(self.level))


def check_losses(losses: Tensor) -> Tensor:
    """A finite vector of at least one loss, detached."""
    if losses.dim() != 1 or not len(losses):
        raise ValueError(f"losses have shape (T,) with T >= 1, not {tuple(losses.shape)}")
    _check_finite(torch.isfinite(losses), "loss")
    return losses.detach()


def check_gramian(gramian: Tensor) -> Tensor:
    """A finite square matrix of inner products, detached."""
    if gramian.dim() != 2 or gramian.shape[0] != gramian.shape[1] or not len(gramian):
        raise ValueError(f"a Gramian has shape (T, T) with T >= 1, not {tuple(gramian.shape)}")
    _check_finite(torch.isfinite(gramian.diagonal()), "gradient")
    _check_finite(torch.isfinite(gramian).all(1), "gradient")
    return gramian.detach()


def check_jacobian(jacobian: Tensor) -> Tensor:
    """A finite matrix with one task gradient a row, detached."""
    if jacobian.dim() != 2 or not len(jacobian):
        raise ValueError(f"a Jacobian has shape (T, D) with T >= 1, not {tuple(jacobian.shape)}")
    _check_finite(torch.isfinite(jacobian).all(1), "gradient")
    return jacobian.detach()


def check_main(main: int, tasks: int) -> int:
    """The index of the main task, among as many tasks as there are."""
    if not -tasks <= main < tasks:
        raise ValueError(f"main={main}, but there are only {tasks} tasks (0 to {tasks - 1})")
    return main % tasks


def _check_finite(finite: Tensor, what: str) -> None:
    if not finite.all():
        bad = ", ".join(str(i) for i in (~finite).nonzero().flatten().tolist())
        raise ValueError(f"the {what} of task {bad} is not finite; lower the learning rate or check its data")
