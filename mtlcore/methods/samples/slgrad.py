"""Sample-level weights from the gradient of the main task."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from mtlcore.methods.base import Method, Scale, check_main
from mtlcore.signals import NonFiniteError, Signals


class SLGrad(Method):
    r"""Weigh every sample of every task by how its gradient serves the main task.

    .. math:: \tilde w_{ij} = \langle \nabla_\theta L_{ij}, \nabla_\theta M \rangle, \qquad
              w_{ij} = \frac{\max(\tilde w_{ij}, 0)}{\sum_{kl} \max(\tilde w_{kl}, 0)}, \qquad
              d = \sum_{ij} w_{ij} \nabla L_{ij}

    with M the main task's loss on a validation batch.

    Parameters
    ----------
    main : int, default 0
        Index of the main task.
    lookahead : float, optional
        Length of the throw-away step after which the gradient of M is taken (supplement C.1). Default: none,
        as in the paper's Algorithm 1.
    scope : {"all", "shared"}, default "all"
        Which parameters enter the inner product: all (Equation 4), or the shared ones (the public code).
    similarity : {"dot", "cosine"}, default "dot"
        "dot" (the equations), or "cosine" (the text), which forms every sample's gradient.
    on_empty : {"skip", "uniform"}, default "skip"
        When no sample helps, take no step, or weigh all samples alike.

    Raises
    ------
    ValueError
        If an option is unknown, there is no validation batch, the main task's validation gradient is zero, or
        the loss or the gradient of a sample is not finite (which no weight of zero would make harmless).

    Notes
    -----
    Cost: 2 forward, 2 backward, 1 forward-mode; one backward more with a look-ahead.

    One forward-mode pass gives all inner products, so no gradient of a single sample or task is ever formed.

    References
    ----------
    SLGrad paper, Equations 4 and 5.

    Examples
    --------
    >>> mtl.SLGrad().weights(torch.tensor([[1.0, -2.0], [0.0, 3.0]]))
    tensor([[0.2500, 0.0000],
            [0.0000, 0.7500]])
    """

    sees = "alignment"
    family: ClassVar[str] = "samples"
    validates = True
    published: ClassVar[Scale] = "mean"
    main: int

    def __init__(
        self,
        *,
        main: int = 0,
        lookahead: float | None = None,
        scope: Literal["all", "shared"] = "all",
        similarity: Literal["dot", "cosine"] = "dot",
        on_empty: Literal["skip", "uniform"] = "skip",
    ) -> None:
        super().__init__()
        if scope not in ("all", "shared"):
            raise ValueError(f"scope is 'all' or 'shared', not {scope!r}")
        if similarity not in ("dot", "cosine"):
            raise ValueError(f"similarity is 'dot' or 'cosine', not {similarity!r}")
        if on_empty not in ("skip", "uniform"):
            raise ValueError(f"on_empty is 'skip' or 'uniform', not {on_empty!r}")
        self.main, self.lookahead = main, lookahead
        self.scope, self.similarity, self.on_empty = scope, similarity, on_empty

    def weights(self, signal: Tensor) -> Tensor:
        """Return the weights of the samples.

        Parameters
        ----------
        signal : Tensor, shape (T, N)
            Inner products of the samples' gradients with the main one.

        Returns
        -------
        weights : Tensor, shape (T, N)
            Of sum one, or all zero.

        Raises
        ------
        ValueError
            If the signal is no matrix with at least one task and one sample, an entry is not finite, or there
            is no task number ``main``.
        """
        if signal.dim() != 2 or not signal.numel():
            raise ValueError(f"an alignment of samples has shape (T, N), not {tuple(signal.shape)}")
        check_main(self.main, len(signal))
        raw = signal.detach().double()
        broken = (~raw.isfinite()).nonzero().tolist()
        if broken:
            task, sample = broken[0]
            raise NonFiniteError(
                f"the gradient of sample {sample} of task {task} is not finite (the first of {len(broken)}); "
                "lower the learning rate or check its input and label"
            )
        helpful = raw.clamp(min=0)
        if helpful.any():
            return self._rescale(helpful / helpful.max() / (helpful / helpful.max()).sum(), signal)
        uniform = 1 / signal.numel() if self.on_empty == "uniform" else 0.0
        return self._rescale(torch.full_like(raw, uniform), signal)

    def _lacks(self, signals: Signals) -> bool:
        return signals.validation is not None and not self._main_in(signals.validated)

    def _fill(self, signals: Signals) -> Tensor:
        """Weigh the samples and backpropagate them once; return the total weight of each task."""
        direction = signals.main_gradient(self.main, self.lookahead)
        if self.scope == "shared":
            direction = direction[: sum(signals.sizes)]
        if not direction.any():
            raise ValueError("the main task's validation gradient is zero: no sample helps")
        alignment = signals.alignment(direction, of="samples")
        if self.similarity == "cosine":
            norms = signals.sample_norms(self.scope)
            alignment = torch.where(norms > 0, alignment / norms, 0)
        weights = signals.agreed(self.weights(alignment))
        if weights.any():
            signals.backward_samples(weights)
        return weights.sum(1)
