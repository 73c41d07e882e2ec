"""Two methods compared where they have come equally far."""

from __future__ import annotations

import numpy as np
import pandas as pd

POINTS = 20
"""Number of places at which two curves are compared."""


def ratio_at_equal(first: pd.DataFrame, second: pd.DataFrame, progress: str, value: str) -> pd.Series:
    """Divide a number of one method by that of another at equal progress, such as the same training loss.

    Each run is a curve of the number over the progress, linear between its points. The ratio is the mean over
    equally spaced places of the range that both runs of a seed cover.

    Parameters
    ----------
    first, second : DataFrame
        The curves of two methods, with a column ``seed``.
    progress : str
        Column of the progress.
    value : str
        Column of the number.

    Returns
    -------
    ratios : Series
        Mean ratio by seed, for the seeds that both methods have.

    Raises
    ------
    ValueError
        If the two runs of a seed have no progress in common.

    Examples
    --------
    >>> import pandas as pd
    >>> from mtlcore.analysis.equal_progress import ratio_at_equal
    >>> slow = pd.DataFrame({"seed": 0, "loss": [3.0, 1.0], "sharpness": [6.0, 2.0]})
    >>> fast = pd.DataFrame({"seed": 0, "loss": [2.0, 0.5], "sharpness": [8.0, 2.0]})
    >>> ratio_at_equal(fast, slow, "loss", "sharpness").round(3).to_dict()
    {0: 2.0}
    """
    ratios = {}
    for seed in sorted({*first["seed"]} & {*second["seed"]}):
        runs = [curves[curves["seed"] == seed].sort_values(progress) for curves in (first, second)]
        low = max(run[progress].min() for run in runs)
        high = min(run[progress].max() for run in runs)
        if low >= high:
            raise ValueError(f"seed {seed}: the two runs have no {progress} in common")
        places = np.linspace(low, high, POINTS)
        numerator, denominator = (np.interp(places, run[progress], run[value]) for run in runs)
        ratios[seed] = (numerator / denominator).mean()
    return pd.Series(ratios, name="ratio").rename_axis("seed")
