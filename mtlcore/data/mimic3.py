"""Deaths in intensive care on MIMIC-III: does a patient die in hospital, and how long does the stay last?

Source: MIMIC-III v1.4 (Johnson et al. 2016), for credentialed researchers, in the form that the public code
of the benchmark of Harutyunyan et al. (2019) gives it: 17,903 stays for training and 3,236 for testing, each
of at least 48 hours, with 17 variables. Its scripts ``create_in_hospital_mortality`` and
``create_length_of_stay`` make the files, in the folders ``in-hospital-mortality`` and ``length-of-stay``. Of
the second only the two lists are read.

The features are those of the benchmark's logistic regression, as in the HydaLearn paper (appendix on MIMIC):

* Each variable is cut into seven windows: all, the first and the last 10, 25 and 50% of the time from its
  first to its last measurement in the 48 hours.
* In each window six statistics are taken: mean, standard deviation (of the measurements themselves, not an
  estimate), minimum, maximum, skewness, and the number of measurements. That makes 714.
* Words of the coma scale become the benchmark's numbers.
* A statistic of a window without a measurement, the number included, is the mean of the training stays; then
  each feature is standardised by the training stays and cut at -10 and 10.

Details that the paper does not specify, and our choices:

* The length of the stay is that in intensive care: the hours so far plus those that remain, which the list of
  the second script gives for every hour. The target is log(1 + days), standardised by the training stays.
* Validation stays are those of training patients drawn at random, so no patient is in two splits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mtlcore.data._options import check_options
from mtlcore.data._stays import Stays, make_data
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.formats.episodes import HOURS, NEAR, measurements, read_rows, rows_of, statistics
from mtlcore.data.formats.lines import shortened
from mtlcore.data.manual_files import ManualFolder
from mtlcore.tasks import MultiTaskData

ADDRESS = "https://github.com/YerevaNN/mimic3-benchmarks (its README says how to make it from MIMIC-III)"

STAYS = {
    part: ManualFolder(
        "mimic3-mortality", f"in-hospital-mortality/{part}", ADDRESS, "_timeseries.csv", count, largest=2**22
    )
    for part, count in (("train", 17_903), ("test", 3_236))
}
LENGTHS = {
    part: ManualFolder("mimic3-mortality", f"length-of-stay/{part}/listfile.csv", ADDRESS, largest=2**28)
    for part in STAYS
}


def lengths_of(part: str, stays: list[str]) -> np.ndarray:
    """Read the lengths of stays.

    Parameters
    ----------
    part : {"train", "test"}
        Which part.
    stays : list of str
        Names of the N stays' files.

    Returns
    -------
    days : ndarray, shape (N,)
        Lengths of the stays.

    Raises
    ------
    ValueError
        If the list has another form, lacks a stay, gives one two lengths, or one below 48 hours.
    """
    import pandas as pd

    file = LENGTHS[part]
    place, columns = str(file.home / file.name), ["stay", "period_length", "y_true"]
    table = read_rows(rows_of(file.read(), place, ",".join(columns)), columns)
    numbers = table[columns[1:]].apply(pd.to_numeric, errors="coerce")
    wrong = ~np.isfinite(numbers.to_numpy(float)).all(axis=1)
    if wrong.any():
        raise ValueError(f"line {int(wrong.argmax()) + 2} of {place} has a field that is no finite number")
    hours = numbers.sum(axis=1).groupby(table["stay"]).agg(["min", "max"]).reindex(stays)
    for found, what in (
        (hours["min"].isna(), "has no line for"),
        (hours["max"] - hours["min"] > NEAR, "gives two lengths to"),
        (hours["min"] < HOURS - NEAR, f"gives less than {HOURS:g} hours to"),
    ):
        if found.any():
            raise ValueError(f"{place} {what} the stay {found.idxmax()}; make it again")
    return hours["min"].to_numpy() / 24


@lru_cache(maxsize=2)
def stays_of(part: str) -> tuple[np.ndarray, Stays]:
    """Read one part. The result of the last calls is cached, so do not modify the arrays.

    Parameters
    ----------
    part : {"train", "test"}
        Which part.

    Returns
    -------
    patients : ndarray, shape (N,)
        The patient of every stay.
    stays : sequence of ndarray
        Features (N, 714), NaN where a window has no measurement; deaths and days (N,).

    Raises
    ------
    FileNotFoundError
        If a file is not in the cache.
    ValueError
        If files, lists and labels do not fit.
    """
    folder = STAYS[part]
    home = folder.home / folder.name
    names, place = folder.names(), str(home / "listfile.csv")
    labels = [row.split(",") for row in rows_of(folder.read("listfile.csv"), place, "stay,y_true")]
    for number, (_, label) in enumerate(labels, start=2):
        if label not in ("0", "1"):
            raise ValueError(
                f"line {number} of {place} should end with a label, 0 or 1, not {shortened(label)}"
            )
    died = {stay: int(label) for stay, label in labels}
    if sorted(stay for stay, _ in labels) != names:
        raise ValueError(f"{place} does not name each of the {len(names):,} files of its folder once")
    if len({*died.values()}) < 2:
        raise ValueError(f"{place} does not have both labels, 0 and 1")
    days = lengths_of(part, names)
    table = measurements([(str(home / name), folder.read(name)) for name in names])
    patients = np.array([name.partition("_")[0] for name in names])
    return patients, (statistics(table, len(names)), np.array([died[name] for name in names]), days)


def make(*, validation: int = 3_222, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"mimic3-mortality"``.

    Parameters
    ----------
    validation : int, default 3_222
        Largest number of validation stays among the benchmark's 17,903 training stays; as many patients are
        drawn as it allows.
    seed : int, default 0
        Seed of the division.

    Returns
    -------
    data : MultiTaskData
        Features (N, 714), float32; ``"death"``, labels (N,) 0 or 1, and ``"stay"``, targets (N, 1).

    Raises
    ------
    FileNotFoundError
        If a file is not in the cache.
    ValueError
        If an option is out of range, or a file is not as it should be.

    References
    ----------
    HydaLearn paper, Table 1 and the appendix on MIMIC.
    """
    check_options(seed=seed, validation=validation)
    patients, stays = stays_of("train")
    tested, test = stays_of("test")
    both = np.intersect1d(patients, tested)
    if len(both):
        raise ValueError(
            f"patient {both[0]} is in the training and in the test folder of {STAYS['train'].home}"
        )
    drawn, sizes = np.unique(patients, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(drawn))
    held_out = np.isin(patients, drawn[order][np.cumsum(sizes[order]) <= validation])
    if not held_out.any() or held_out.all():
        raise ValueError(
            f"validation must leave some of the {len(patients):,} stays on both sides, not {validation}"
        )
    train, holdout = (tuple(x[chosen] for x in stays) for chosen in (~held_out, held_out))
    return make_data("mimic3-mortality", train, holdout, test)


CHECKS = {
    "Files": f"{STAYS['train'].count:,} and {STAYS['test'].count:,} files, in folders or zips",
    "Size": f"a file of a stay has at most {STAYS['train'].largest:,} bytes, a list of lengths at most "
    f"{LENGTHS['train'].largest:,}",
    "Zip": "its files are stored or deflated",
    "Encoding": "UTF-8, with or without a byte-order mark",
    "Columns": "the hours and 17 variables, and those of the two lists; as many fields in every row",
    "Stays": "each file once in the list of its folder",
    "Labels": "0 or 1, and both occur",
    "Lengths": "one for every stay, at least 48 hours",
    "Hours": "from 0 to 48, in order",
    "Values": "finite numbers, or words of the coma scale",
    "Patients": "none is in both parts",
    NOT_CHECKED: "values, labels or lengths that were exchanged",
}
DATASETS = (
    Dataset(
        "mimic3-mortality",
        "deaths and lengths of stay in intensive care; manual download, for credentialed researchers",
        make,
        (*STAYS.values(), *LENGTHS.values()),
        CHECKS,
    ),
)
