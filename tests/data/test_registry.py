"""The registry: names, options, seeds, optional packages, and the table of files."""

import sys
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.small_data import FACE_FILES

from mtlcore.data import DATASETS, load, table
from mtlcore.data.multi_mnist import FASHION, MNIST

SMALL = {"train": 40, "validation": 30, "test": 20}
OVERLAYS = ["multi-mnist", "multi-fashion", "multi-fashion-mnist"]
SIZED = [name for name, dataset in DATASETS.items() if "train" in signature(dataset.make).parameters]


def test_the_table_says_what_is_there(faces: dict, cache: Path) -> None:
    (cache / "celeba/img_align_celeba" / FACE_FILES[0]).unlink()
    (cache / "celeba/list_eval_partition.txt").unlink()
    shown = table().set_index(["data set", "file"])
    states = shown.loc["celeba", "state"].to_dict()
    assert states == {
        "celeba/img_align_celeba": "wrong content",
        "celeba/list_attr_celeba.txt": "ok",
        "celeba/list_eval_partition.txt": "missing",
    }
    assert shown.loc[("nyuv2", "nyuv2/val/normal"), "path"] == str(cache / "nyuv2/val/normal")
    assert (shown.loc["office-31", "state"] == "missing").all()


SYNTHETIC = ["rooms", "streets", "faces", "objects", "pos", "molecules"]


@pytest.mark.parametrize("name", SYNTHETIC)
def test_the_names_of_version_0_3_load_with_a_warning(name: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"'made-{name}' is now called 'synthetic-{name}'") as caught:
        data = load(f"made-{name}")
    assert data.name == f"synthetic-{name}"
    assert [Path(w.filename).name for w in caught if w.category is DeprecationWarning] == ["test_registry.py"]


def test_an_unknown_name_of_that_form_is_unknown() -> None:
    with pytest.raises(ValueError, match="no data set called 'made-digits'"):
        load("made-digits")


@pytest.mark.parametrize(
    ("module", "name", "sentence"),
    [
        ("rdkit", "tox21", r"data set 'tox21' needs RDKit: pip install 'mtlcore\[molecules\]'"),
        ("sklearn", "digits", r"data set 'digits' needs scikit-learn: pip install 'mtlcore\[data\]'"),
        ("PIL", "celeba", r"data set 'celeba' needs Pillow: pip install 'mtlcore\[data\]'"),
        ("pandas", "celeba", r"data set 'celeba' needs pandas: pip install 'mtlcore\[data\]'"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    module: str, name: str, sentence: str, monkeypatch: pytest.MonkeyPatch, faces: dict
) -> None:
    for loaded in [key for key in sys.modules if key == module or key.startswith(f"{module}.")]:
        monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"^{sentence}$"):
        load(name)


@pytest.mark.parametrize(
    "name", ["synthetic-rooms", "synthetic-streets", "synthetic-faces", "synthetic-objects"]
)
def test_synthetic_data_come_from_their_seed(name: str) -> None:
    def flat(seed: int) -> torch.Tensor:
        batch = load(name, seed=seed).train.read(slice(0, 5))
        inputs = batch.inputs if isinstance(batch.inputs, tuple) else (batch.inputs,)
        return torch.cat([t.double().nan_to_num(-1).flatten() for t in (*inputs, *batch.targets)])

    assert torch.equal(flat(0), flat(0)) and not torch.equal(flat(0), flat(1))


def test_table(fake_cache: SimpleNamespace) -> None:
    (MNIST[1].home / f"{MNIST[1].name}.gz").write_bytes(b"")
    (FASHION[3].home / f"{FASHION[3].name}.gz").unlink()
    shown = table()
    assert sorted(shown["data set"].unique()) == sorted(DATASETS)
    images = shown[shown["data set"].isin(["digits", *OVERLAYS])]
    states = images.groupby(["data set", "state"]).size().to_dict()
    assert states == {
        ("digits", "bundled"): 1,
        ("multi-mnist", "ok"): 3,
        ("multi-mnist", "wrong content"): 1,
        ("multi-fashion", "ok"): 3,
        ("multi-fashion", "missing"): 1,
        ("multi-fashion-mnist", "ok"): 6,
        ("multi-fashion-mnist", "wrong content"): 1,
        ("multi-fashion-mnist", "missing"): 1,
    }
    row = shown[(shown["data set"] == "multi-fashion") & (shown["state"] == "missing")].iloc[0]
    assert row["file"] == "fashion-mnist/t10k-labels-idx1-ubyte"
    assert row["path"] == str(FASHION[3].home / "t10k-labels-idx1-ubyte.gz")


@pytest.mark.parametrize("name", [name for name in SIZED if name != "cifar10-binary"])  # see test_cifar10
def test_the_seed_decides(fake_cache: SimpleNamespace, name: str) -> None:
    one, same, other = load(name, **SMALL), load(name, **SMALL), load(name, **SMALL, seed=1)
    for key in SMALL:
        a, b, c = (getattr(data, key) for data in (one, same, other))
        assert torch.equal(a.inputs, b.inputs)
        assert all(map(torch.equal, a.targets, b.targets))
        assert not torch.equal(a.inputs, c.inputs)
    larger = load(name, **{**SMALL, "train": 70})
    assert torch.equal(larger.test.inputs, one.test.inputs), "splits do not depend on each other"


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize(
    "option",
    [{"train": 0}, {"validation": -1}, {"test": 1.5}, {"train": True}, {"test": "9"}, {"seed": -1}],
    ids=str,
)
def test_bad_options(name: str, option: dict[str, object], fake_cache: SimpleNamespace) -> None:
    ((key, value),) = option.items()
    with pytest.raises(ValueError, match=f"^{key} must be a whole number.*not {value!r}$"):
        load(name, **option)


def test_numpy_sizes_are_whole_numbers() -> None:
    assert len(load("digits", train=np.int64(5)).train) == 5


def test_unknown_option() -> None:
    with pytest.raises(ValueError, match=r"'trian'.*takes train, validation, test, seed"):
        load("multi-mnist", trian=5)


@pytest.mark.parametrize(
    ("name", "near"), [("multi-mnits", "'multi-mnits'; nearest: multi-mnist"), ("x", "digits"), (3, "digits")]
)
def test_unknown_name(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=near):
        load(name)
