"""Virtual screening: is a molecule active in an assay? Many tasks, few active molecules, missing labels.

Source: SLAW paper, Section 4.3: PCBA, 128 assays of about 440,000 molecules, as fingerprints (ECFP of
radius 4, 2,048 bits), and a cross-entropy with class weights. ToxCast, Tox21 and MUV are smaller collections
of the same form. Deviations, and choices where the paper gives no details:

* Molecules are split at random, 80, 10 and 10% for training, validation and testing, once for the whole file,
  so that a molecule's split does not depend on ``tasks`` (the paper: 90% and 10%, no validation set).
* The weight of a class is one minus its frequency in the training labels of all tasks together, as in the
  public code, divided by the mean of these weights over the task's own training labels. (The public code
  divides the loss of a batch by the sum of its weights; here every sample has a loss of its own.)
* The assays of ToxCast's file are in alphabetical order. We sort them by decreasing number of labels, so that
  the first tasks are labelled for the same molecules, as in PCBA.

We do not know the hash of PCBA's official file, so its form is checked: 128 assays, not fewer molecules than
OGB and PyTorch Geometric read from it (437,929), as many fields in every row, labels 0 and 1 in every assay,
no molecule twice, and no endless SMILES.
"""

from __future__ import annotations

import gzip
import lzma
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch

from mtlcore._optional import needed_by
from mtlcore.data._options import check_options
from mtlcore.data.dataset import NOT_CHECKED, Dataset
from mtlcore.data.files import File, unpack
from mtlcore.data.formats.molecule_tables import LINE, LONGEST, NOT_TASKS, check_both, check_rows, read_table
from mtlcore.tasks import UNLABELLED, MultiTaskData, Split, Task

PACKED = 100
"""How many times smaller than the table its packed file is at most; ToxCast's is 25 times smaller."""


@dataclass(eq=False)
class FormFile(File):
    """A table of molecules without a pinned hash: its form is checked.

    Parameters
    ----------
    folder, name, address : str
        As in :class:`mtlcore.data.files.File`.
    size : int, default 2**28
        Largest number of bytes, unpacked.
    sha256 : str, default ""
        Not used.
    assays : int, default 128
        Number of assays.
    molecules : range, default range(437_929, 450_001)
        Allowed numbers of molecules.
    """

    size: int = 2**28
    sha256: str = ""
    assays: int = 128
    molecules: range = range(437_929, 450_001)

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        try:
            most = min(self.size, PACKED * path.stat().st_size)
            data = unpack(path, most + 1)
            if len(data) > most:
                raise ValueError(f"it has more than {most:,} bytes")
            columns, molecules = check_rows(data, "it")
            assays = {*columns} - {*NOT_TASKS}
            fits = {*NOT_TASKS} <= {*columns} and molecules in self.molecules
            if fits and len(assays) == self.assays and all(name.startswith("PCBA-") for name in assays):
                return data
            found = f"it has the columns {', '.join(columns)[:60]!r} ... and {molecules:,} rows"
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            found = f"it cannot be unpacked ({error})"
        except ValueError as error:
            found = str(error)
        raise ValueError(
            f"{what} is corrupted, truncated or another file: it should have the columns mol_id, smiles "
            f"and PCBA-... of {self.assays} assays, and {self.molecules[0]:,} to {self.molecules[-1]:,} "
            f"molecules, but {found}; {remedy}, or put a good copy of {self.address} into the folder "
            f"{self.home}"
        )


TOXCAST = File(
    "pcba",
    "toxcast_data.csv",
    "https://github.com/deepchem/deepchem/raw/fbe3b911/examples/toxcast/processing/toxcast_data.csv.gz",
    10_292_837,
    "0598b33326818254fcb7ced0e039b8e40ed42a18e9063c27cacc1e43b2df0f7a",
)
TOX21 = File(
    "pcba",
    "tox21.csv",
    "https://github.com/GLambard/Molecules_Dataset_Collection/raw/beb35cd0/originals/tox21.csv",
    525_119,
    "7d7e7facd853a63e79ddce4e9c3fcb7a0d83a1c300b603031c0f2c64fbe77761",
)
MUV = File(
    "pcba",
    "muv.csv",
    "https://github.com/deepchem/deepchem/raw/fbe3b911/datasets/muv.csv.gz",
    6_729_229,
    "feac9a780cb5f2e5e1c51e6ba61491a524da544ca1d6e4b542f9ad358fe0527b",
)
PCBA = FormFile("pcba", "pcba.csv", "https://deepchemdata.s3-us-west-1.amazonaws.com/datasets/pcba.csv.gz")


@lru_cache(maxsize=1)
def fingerprints(smiles: tuple[str, ...], radius: int = 4, bits: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """Compute extended-connectivity fingerprints.

    The result of the last call is cached, so do not modify the arrays.

    Parameters
    ----------
    smiles : tuple of str
        M molecules in SMILES notation.
    radius : int, default 4
        Radius of the circular substructures, in bonds.
    bits : int, default 2048
        Length of a fingerprint.

    Returns
    -------
    found : ndarray, shape (M, bits), bool
        Fingerprints; all ``False`` for a molecule that RDKit cannot read.
    readable : ndarray, shape (M,), bool
        Whether RDKit can read the molecule.

    Raises
    ------
    ImportError
        If RDKit is not installed.
    """
    with needed_by("fingerprints of molecules", extra="molecules"):
        from rdkit import Chem, rdBase
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    generator = GetMorganGenerator(radius=radius, fpSize=bits)
    found, readable = np.zeros((len(smiles), bits), bool), np.zeros(len(smiles), bool)
    with rdBase.BlockLogs():
        for k, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text)
            if molecule is not None:
                found[k], readable[k] = generator.GetFingerprintAsNumPy(molecule), True
    return found, readable


def make(
    name: str,
    file: File,
    most_labelled_first: bool,
    *,
    tasks: int | None = None,
    labelled_for: int | None = None,
    radius: int = 4,
    bits: int = 2048,
    seed: int = 0,
) -> MultiTaskData:
    """Make one of the data sets.

    Parameters
    ----------
    name : str
        Name of the data set.
    file : File
        Table with a column of labels per assay.
    most_labelled_first : bool
        Sort the assays by decreasing number of labels.
    tasks : int, optional
        Number of tasks, the first assays; by default all.
    labelled_for : int, optional
        Keep the molecules that are labelled for at least one of this number of first assays; by default
        ``tasks``. In the paper 32 for any number of tasks.
    radius : int, default 4
        Radius of the fingerprints, in bonds.
    bits : int, default 2048
        Length of the fingerprints.
    seed : int, default 0
        Seed of the splits.

    Returns
    -------
    data : MultiTaskData
        Fingerprints (N, bits), bool, and labels (N,) of every task: 0, 1, or -100 where unlabelled.

    Raises
    ------
    ValueError
        If an option is out of range, a label is neither 0 nor 1, or RDKit cannot read most molecules.
    ImportError
        If RDKit is not installed.

    References
    ----------
    SLAW paper, Section 4.3.
    """
    with needed_by(f"data set {name!r}", extra="data"):  # before a download
        import pandas  # noqa: F401
        import rdkit  # noqa: F401

    check_options(seed=seed, radius=radius, bits=bits)
    place = str(file.home / file.name)
    smiles, columns = read_table(file.read(), place)
    if isinstance(file, FormFile):
        check_both(columns, place)
    if most_labelled_first:
        columns = columns[columns.count().sort_values(ascending=False, kind="stable").index]
    found, readable = fingerprints(tuple(text or "?" for text in smiles), radius, bits)
    lost = int((~readable).sum())
    said = f"{name}: RDKit cannot read {lost:,} of {len(readable):,} molecules"
    if 2 * lost > len(readable):
        raise ValueError(f"{said}; the column smiles of {file.home / file.name} should be in SMILES notation")
    if lost:
        warnings.warn(f"{said}; they are left out", stacklevel=3)
    values = columns.to_numpy()[readable]
    labels = np.where(np.isnan(values), UNLABELLED, values).astype(np.int64)
    return _divide(name, found[readable], labels, list(columns), tasks, labelled_for, seed)


def make_molecules(
    *,
    tasks: int | None = None,
    labelled_for: int | None = None,
    molecules: int = 1000,
    bits: int = 256,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"synthetic-molecules"``: random fingerprints and 16 tasks of the same form.

    5% of the bits are set. A molecule is active in an assay if a random linear function of its bits is among
    the largest tenth; 40% of the labels are missing.

    Parameters
    ----------
    tasks : int, optional
        Number of tasks; by default all 16.
    labelled_for : int, optional
        As in :func:`make`.
    molecules : int, default 1000
        Number of molecules in all splits.
    bits : int, default 256
        Length of the fingerprints.
    seed : int, default 0
        Seed of the fingerprints, of the labels and of the splits.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed, molecules=molecules, bits=bits)
    rng = np.random.default_rng([seed, 1])
    found = rng.random((molecules, bits)) < 0.05
    score = found @ rng.standard_normal((bits, 16))
    labels = (score > np.quantile(score, 0.9, axis=0)).astype(np.int64)
    labels[rng.random(labels.shape) < 0.4] = UNLABELLED
    names = [f"assay {t + 1}" for t in range(16)]
    return _divide("synthetic-molecules", found, labels, names, tasks, labelled_for, seed)


def _divide(
    name: str,
    found: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    tasks: int | None,
    labelled_for: int | None,
    seed: int,
) -> MultiTaskData:
    """Split fingerprints (M, bits) and labels (M, assays) at random."""
    tasks = len(names) if tasks is None else tasks
    labelled_for = tasks if labelled_for is None else labelled_for
    check_options(seed=seed, tasks=tasks, labelled_for=labelled_for)
    if max(tasks, labelled_for) > len(names):
        raise ValueError(f"{name} has {len(names)} tasks, not {max(tasks, labelled_for)}")
    kept = (labels[:, :labelled_for] != UNLABELLED).any(1)
    order = np.random.default_rng(seed).permutation(len(kept))
    parts = np.split(order, [int(0.8 * len(order)), int(0.9 * len(order))])
    train, validation, test = (part[kept[part]] for part in parts)
    weights = _class_weights(labels[train, :tasks])

    def split(rows: np.ndarray) -> Split:
        columns = labels[rows, :tasks].T.copy()
        return Split(torch.from_numpy(found[rows]), tuple(torch.from_numpy(y) for y in columns))

    return MultiTaskData(
        name,
        split(train),
        split(validation),
        split(test),
        tuple(
            Task.binary(task, weights=(w[0], w[1])) for task, w in zip(names, weights.tolist(), strict=False)
        ),
    )


def _class_weights(labels: np.ndarray) -> np.ndarray:
    """Weights (T, 2) of the two classes, with mean one over the labels (N, T) of each task."""
    counts = np.stack([(labels == k).sum(0) for k in (0, 1)], 1)
    rarity = 1 - counts.sum(0) / counts.sum()
    if not (rarity > 0).all():
        raise ValueError("all training labels are of one class; take more tasks")
    of_task = counts / counts.sum(1, keepdims=True).clip(min=1)
    mean = of_task @ rarity
    return rarity / np.where(mean > 0, mean, 1)[:, None]


CHECKS = {
    "Unpacked size": f"at most {PCBA.size:,} bytes, and at most {PACKED} times the packed ones",
    "Encoding": "UTF-8, with or without a byte-order mark",
    "Columns": f"mol_id, smiles and {PCBA.assays} that start with PCBA-; as many fields in every row",
    "Lines": f"at most {LINE:,} characters, without a carriage return or half a quotation inside",
    "Rows": f"{PCBA.molecules[0]:,}, the number of molecules that OGB and PyTorch Geometric can read in the "
    f"official file, to {PCBA.molecules[-1]:,}",
    "Labels": "0, 1 or empty (no label), also as 0.0 and 1.0",
    "Both labels": "0 and 1 occur in every assay",
    "SMILES": f"at most {LONGEST:,} characters, at least one letter; RDKit can read at least half of them, "
    "and the others, also empty ones, are left out with a warning that gives their number",
    "Duplicates": "no molecule with the same mol_id and SMILES twice",
    NOT_CHECKED: "lost rows as long as the number stays in its range, because the exact one is not known to "
    "us; labels that were exchanged",
}

DATASETS = (
    Dataset(
        "toxcast",
        "617 assays of toxicity, 8,615 molecules",
        partial(make, "toxcast", TOXCAST, True),
        (TOXCAST,),
    ),
    Dataset(
        "tox21", "12 assays of toxicity, 7,831 molecules", partial(make, "tox21", TOX21, False), (TOX21,)
    ),
    Dataset("muv", "17 screens against decoys, 93,127 molecules", partial(make, "muv", MUV, False), (MUV,)),
    Dataset(
        "pcba", "128 assays, about 440,000 molecules", partial(make, "pcba", PCBA, False), (PCBA,), CHECKS
    ),
    Dataset("synthetic-molecules", "16 synthetic assays of 1,000 random fingerprints", make_molecules),
)
