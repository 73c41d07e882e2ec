"""Deaths in intensive care: does a patient die in hospital, and how long does the stay last?

Source: PhysioNet/Computing in Cardiology Challenge 2012, sets a and b, with 4,000 stays each; the labels of
set c are not read. They stand in for MIMIC-III in HydaLearn's Table 1, which nobody obtains without a
contract. The features are the paper's as far as the files go:

* Of its 17 variables the files have 13; capillary refill and three of the four coma scores are missing. A
  pressure measured in an artery and one measured by a cuff are one variable.
* Over seven windows of the 48 hours (all, the first and the last 10, 25 and 50%) six statistics are taken:
  mean, standard deviation, minimum, maximum, skewness, and the number of measurements.
* A statistic of a window without a measurement is the mean of the training stays; then each feature is
  standardised by the training stays and cut at -10 and 10. The standard deviation of one measurement and
  the skewness of fewer than three are 0.
* The length of the stay is log(1 + days), standardised by the training stays.

What else the files hold, and what becomes of it:

* Negative numbers mark what is missing: a height, weight or stay of -1. Such a measurement is dropped, such
  a stay has no label. (Gender, of which some are -1, is not a feature.)
* Two values of one parameter at one minute are two measurements.
* A stay without a time series, of which set a has three, has features that are training means, and numbers
  of measurements that are zero.

Training and validation stays are from set a, divided at random by the seed; the test stays are set b.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mtlcore.data._options import check_options
from mtlcore.data._stays import WINDOWS, make_data
from mtlcore.data.dataset import Dataset
from mtlcore.data.files import File, unpack
from mtlcore.tasks import MultiTaskData

if TYPE_CHECKING:
    import pandas as pd

HOME = "https://physionet.org/files/challenge-2012/1.0.0"

VARIABLES = {
    "DiasABP": "diastolic pressure",
    "NIDiasABP": "diastolic pressure",
    "FiO2": "inspired oxygen",
    "GCS": "coma scale",
    "Glucose": "glucose",
    "HR": "heart rate",
    "Height": "height",
    "MAP": "mean pressure",
    "NIMAP": "mean pressure",
    "SaO2": "oxygen saturation",
    "RespRate": "respiratory rate",
    "SysABP": "systolic pressure",
    "NISysABP": "systolic pressure",
    "Temp": "temperature",
    "Weight": "weight",
    "pH": "pH",
}
"""The files' parameters, and the paper's variable of each."""

MINUTES = 48 * 60
STATISTICS = ["mean", "std", "min", "max", "skew", "count"]


@dataclass(eq=False)
class Archive(File):
    """A tar file of records, pinned by the names and the contents of the records, however they are packed.

    Parameters
    ----------
    folder, name, address : str
        As in :class:`mtlcore.data.files.File`.
    size : int
        Largest number of bytes, unpacked.
    sha256 : str
        SHA-256 of the names and contents of all records, sorted by name.
    """

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        data = b""
        try:
            data = unpack(path, self.size)
            digest = hashlib.sha256()
            for name, content in records(data):
                digest.update(name.encode() + b"\0" + content + b"\0")
            found = f"they have {digest.hexdigest()}"
            if digest.hexdigest() == self.sha256:
                return data
        except Exception as error:  # what damaged archives raise has no common type
            found = f"it cannot be unpacked ({error})"
        raise ValueError(
            f"{what} is corrupted, truncated or another file: its records should have SHA-256 {self.sha256}, "
            f"but {found}; {remedy}, or put a good copy of {self.address} into the folder {self.home}"
        )


def records(archive: bytes) -> list[tuple[str, bytes]]:
    """Read all records of a tar file.

    Parameters
    ----------
    archive : bytes
        The tar file, unpacked.

    Returns
    -------
    records : list of (str, bytes)
        Name without folder and suffix, and content, sorted by name.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = [member for member in tar if member.isfile() and member.name.endswith(".txt")]
        contents = [(Path(file.name).stem, tar.extractfile(file)) for file in files]
        return sorted((name, stream.read()) for name, stream in contents if stream is not None)


SETS = {
    "a": Archive(
        "physionet2012",
        "set-a.tar",
        f"{HOME}/set-a.tar.gz",
        2**26,
        "d3b79fad73dc0416b737aaf62c563a55834cb6477e348e74205e5c48892e1081",
    ),
    "b": Archive(
        "physionet2012",
        "set-b.tar",
        f"{HOME}/set-b.tar.gz",
        2**26,
        "01470a7cc0378dd48a2c36235628bbb31beefe9da360ac9d684b0b5a80345499",
    ),
}
OUTCOMES = {
    "a": File(
        "physionet2012",
        "Outcomes-a.txt",
        f"{HOME}/Outcomes-a.txt",
        79_219,
        "2613ea60ccda29f87571a7d6b09ad130858a8ccd66325bd073365925026883c2",
    ),
    "b": File(
        "physionet2012",
        "Outcomes-b.txt",
        f"{HOME}/Outcomes-b.txt",
        79_149,
        "1305f29734da374a809483229a99f33a9230aa8d4fa74b1a2d6ad788136423d5",
    ),
}


def measurements(stays: list[tuple[str, bytes]]) -> pd.DataFrame:
    """Read the measurements of the paper's variables.

    Parameters
    ----------
    stays : list of (str, bytes)
        Record and content of each stay's file.

    Returns
    -------
    table : DataFrame
        The columns ``stay`` (the position in the list), ``variable``, ``minute`` and ``value``; no marks of
        missing values.

    Raises
    ------
    ValueError
        If a file is not a table of time, parameter and value; the message has the record.
    """
    import pandas as pd

    bodies = []
    for record, content in stays:
        head, _, body = content.partition(b"\n")
        if head.strip() != b"Time,Parameter,Value":
            raise ValueError(f"record {record}: the first line is {head[:40]!r}, not Time,Parameter,Value")
        bodies.append(body.strip())
    rows = [body.count(b"\n") + 1 if body else 0 for body in bodies]
    text = io.BytesIO(b"\n".join(body for body in bodies if body))
    table = pd.read_csv(text, names=["time", "parameter", "value"], header=None)
    table["stay"] = np.repeat(np.arange(len(stays)), rows)
    value = pd.to_numeric(table["value"], errors="coerce")
    time = table["time"].str.extract(r"^(\d\d):(\d\d)$").astype(float)
    wrong = time.isna().any(axis=1) | value.isna()
    if wrong.any():
        line = table[wrong].iloc[0]
        raise ValueError(
            f"record {stays[line['stay']][0]}: no time or no number in the line "
            f"{line['time']},{line['parameter']},{line['value']}"
        )
    table = table.assign(
        variable=table["parameter"].map(VARIABLES), value=value, minute=60 * time[0] + time[1]
    )
    kept = table["variable"].notna() & ~((table["value"] < 0) & table["parameter"].isin(["Height", "Weight"]))
    return table.loc[kept, ["stay", "variable", "minute", "value"]]


def statistics(table: pd.DataFrame, stays: int) -> np.ndarray:
    """Take the statistics of every variable in every window.

    Parameters
    ----------
    table : DataFrame
        What :func:`measurements` returns.
    stays : int
        Number of stays N.

    Returns
    -------
    features : ndarray, shape (N, 13 * 7 * 6)
        NaN where a window has no measurement; the number of measurements is 0 there.
    """
    import pandas as pd

    variables = list(dict.fromkeys(VARIABLES.values()))
    index = pd.MultiIndex.from_product([range(stays), variables], names=["stay", "variable"])
    parts = []
    for begin, end in WINDOWS:
        inside = table["minute"].between(begin * MINUTES, end * MINUTES)
        groups = table[inside].groupby(["stay", "variable"])["value"]
        found = groups.agg(STATISTICS).reindex(index)
        found["count"] = found["count"].fillna(0)
        there = found["count"] > 0
        for name in ("std", "skew"):
            found[name] = found[name].where(found[name].notna() | ~there, 0.0)
        parts.append(found.to_numpy().reshape(stays, -1))
    return np.concatenate(parts, axis=1)


@lru_cache(maxsize=2)
def stays_of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read one set. The result of the last calls is cached, so do not modify the arrays.

    Parameters
    ----------
    name : {"a", "b"}
        Which set.

    Returns
    -------
    features : ndarray, shape (N, 546)
        NaN where a window has no measurement.
    died : ndarray, shape (N,), int64
        1 for a death in hospital.
    days : ndarray, shape (N,)
        Length of the stay; NaN where it is not known.

    Raises
    ------
    ValueError
        If records and outcomes do not have the same stays.
    """
    import pandas as pd

    stays = records(SETS[name].read())
    outcomes = pd.read_csv(io.BytesIO(OUTCOMES[name].read())).set_index("RecordID")
    numbers = [int(record) for record, _ in stays]
    if sorted(outcomes.index) != numbers:
        raise ValueError(f"set {name}: the files have other stays than Outcomes-{name}.txt")
    outcomes = outcomes.loc[numbers]
    days = outcomes["Length_of_stay"].astype(float)
    features = statistics(measurements(stays), len(stays))
    return features, outcomes["In-hospital_death"].to_numpy(np.int64), days.where(days >= 0).to_numpy()


def make(*, validation: int = 800, seed: int = 0) -> MultiTaskData:
    """Make the data set ``"physionet2012"``.

    Parameters
    ----------
    validation : int, default 800
        Number of validation stays among the 4,000 of set a.
    seed : int, default 0
        Seed of the division of set a.

    Returns
    -------
    data : MultiTaskData
        Features (N, 546), float32; ``"death"``, labels (N,) 0 or 1, and ``"stay"``, targets (N, 1), NaN where
        the length is not known.

    Raises
    ------
    ValueError
        If an option is out of range, or a file is not as it should be.

    References
    ----------
    HydaLearn paper, Table 1 and the appendix on MIMIC.
    """
    check_options(seed=seed, validation=validation)
    features, died, days = stays_of("a")
    if validation >= len(died):
        raise ValueError(f"validation must be below the {len(died):,} stays of set a, not {validation}")
    order = np.random.default_rng(seed).permutation(len(died))
    parts = {
        "train": tuple(x[order[validation:]] for x in (features, died, days)),
        "validation": tuple(x[order[:validation]] for x in (features, died, days)),
        "test": stays_of("b"),
    }
    return make_data("physionet2012", **parts)


DATASETS = (
    Dataset(
        "physionet2012",
        "deaths and lengths of stay in intensive care, 4,000 + 4,000 stays",
        make,
        files=(*SETS.values(), *OUTCOMES.values()),
    ),
)
