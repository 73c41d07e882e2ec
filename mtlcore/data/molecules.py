"""Virtual screening: is a molecule active in an assay? Many tasks, few active molecules, missing labels.

Source: SLAW paper, Section 4.3: PCBA, 128 assays of about 440,000 molecules, as fingerprints (ECFP of
radius 4, 2,048 bits), and a cross-entropy whose classes are weighted by their rarity. ToxCast, Tox21
and MUV are smaller collections of the same form. What the paper leaves open, and our reading:

* a molecule is for training, validation or testing with 80, 10 and 10%, drawn once for the whole file,
  so that it stays in its split whatever ``tasks`` is (the paper: 90% and 10%, no validation set);
* the weight of a class is one minus its share of the training labels of all tasks together, as in the
  public code, divided by its mean over the task's own training labels. (The code divides the loss of a
  batch by the sum of its weights; here every sample has a loss of its own.)
* ToxCast's file has its assays in alphabetical order. Ours come with the most labelled first, so that
  the first tasks share their molecules, as PCBA's do.

The content of PCBA's official file is not known to us, so no hash is pinned: what is checked is its
form, 128 assays and 430,000 to 450,000 molecules.
"""

import gzip
import io
import lzma
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from mtlcore.data.cache import File, unpack
from mtlcore.data.dataset import Dataset
from mtlcore.data.overlay import check_options
from mtlcore.tasks.batch import MultiTaskData, Split
from mtlcore.tasks.task import UNLABELLED, Task

NOT_TASKS = ("mol_id", "smiles")
"""The columns of the files that are no labels."""


@dataclass(eq=False)
class FormFile(File):
    """A table of molecules without a pinned hash: number of assays and of molecules are checked."""

    size: int = 2**28
    sha256: str = ""
    assays: int = 128
    molecules: range = range(430_000, 450_001)

    def _check(self, path: Path, what: str, remedy: str) -> bytes:
        try:
            data = unpack(path, self.size)
            header = data[: data.find(b"\n")].decode(errors="replace").strip().split(",")
            assays, molecules = len(set(header) - set(NOT_TASKS)), data.count(b"\n") - 1
            if {*NOT_TASKS} <= {*header} and assays == self.assays and molecules in self.molecules:
                return data
            found = f"it has the columns {', '.join(header)[:60]!r} ... and {molecules:,} rows"
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            found = f"it cannot be unpacked ({error})"
        raise ValueError(
            f"{what} is corrupted, truncated or another file: it should have the columns mol_id, smiles "
            f"and {self.assays} assays, and {self.molecules[0]:,} to {self.molecules[-1]:,} molecules, but "
            f"{found}; {remedy}, or put a good copy of {self.address} into the folder {self.home}"
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
    """Extended-connectivity fingerprints (M, bits), bool, and which of the molecules (M,) could be read.

    A row of a molecule that RDKit cannot read is all False. The last answer is kept: do not write into it.

    Raises
    ------
    ImportError
        RDKit is not installed.
    """
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator
    except ImportError as error:
        raise ImportError(
            "fingerprints of molecules need RDKit, an optional package: pip install 'mtlcore[molecules]'"
        ) from error
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
    """Fingerprints (N, bits), bool, and labels (N,) 0, 1 or -100 (missing) of every task.

    Parameters
    ----------
    tasks : the first so many assays; default all.
    labelled_for : keep the molecules that are labelled for at least one of the first so many assays;
        default ``tasks``. In the paper 32, whatever the number of tasks.
    radius, bits : of the fingerprints.
    seed : of the division into splits.

    Raises
    ------
    ValueError
        An option out of range, or labels that are neither 0 nor 1.
    ImportError
        RDKit is not installed.
    """
    check_options(seed=seed, radius=radius, bits=bits)
    table = pd.read_csv(io.BytesIO(file.read()))
    columns = table.drop(columns=[*NOT_TASKS], errors="ignore")
    if most_labelled_first:
        columns = columns[columns.count().sort_values(ascending=False, kind="stable").index]
    found, readable = fingerprints(tuple(table["smiles"].fillna("?")), radius, bits)
    lost = int((~readable).sum())
    if lost:
        warnings.warn(
            f"{name}: RDKit cannot read {lost} of {len(readable):,} molecules; they are left out",
            stacklevel=3,
        )
    values = columns.to_numpy()[readable]
    if not np.isin(values[~np.isnan(values)], (0, 1)).all():
        raise ValueError(f"{name} has labels that are neither 0 nor 1 in {file.home / file.name}")
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
    """Random fingerprints of the same form: 16 tasks, a tenth of the molecules active, 40% unlabelled.

    Whether a molecule is active depends linearly on its bits, of which 5% are set.
    """
    check_options(seed=seed, molecules=molecules, bits=bits)
    rng = np.random.default_rng([seed, 1])
    found = rng.random((molecules, bits)) < 0.05
    score = found @ rng.standard_normal((bits, 16))
    labels = (score > np.quantile(score, 0.9, axis=0)).astype(np.int64)
    labels[rng.random(labels.shape) < 0.4] = UNLABELLED
    names = [f"assay {t + 1}" for t in range(16)]
    return _divide("made-molecules", found, labels, names, tasks, labelled_for, seed)


def _divide(
    name: str,
    found: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    tasks: int | None,
    labelled_for: int | None,
    seed: int,
) -> MultiTaskData:
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
    """(T, 2) weights of the two classes, with mean one over each task's labels (N, T)."""
    counts = np.stack([(labels == k).sum(0) for k in (0, 1)], 1)
    rarity = 1 - counts.sum(0) / counts.sum()
    if not (rarity > 0).all():
        raise ValueError("all training labels are of one class; take more tasks")
    of_task = counts / counts.sum(1, keepdims=True).clip(min=1)
    mean = of_task @ rarity
    return rarity / np.where(mean > 0, mean, 1)[:, None]


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
    Dataset("pcba", "128 assays, about 440,000 molecules", partial(make, "pcba", PCBA, False), (PCBA,)),
    Dataset("made-molecules", "16 made assays of 1,000 random fingerprints", make_molecules),
)
