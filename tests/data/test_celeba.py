"""Data sets whose files you bring: made files of the official form, right and wrong ones."""

import io
import pickle
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mtlcore.data import celeba, cityscapes, load, nyuv2, office, table
from mtlcore.data import manual_files as brought
from mtlcore.data.manual_files import Brought
from mtlcore.experiments import EXPERIMENTS
from mtlcore.experiments import vision as pictures
from mtlcore.tasks.task import UNLABELLED

SMALL = (24, 32)
RNG = np.random.default_rng(0)


def lying_header() -> bytes:
    """An array that says it has a million million numbers, and has none."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTLCORE_DATA", str(tmp_path))
    return tmp_path


def array_file(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def photograph(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    """PNG under any name: no pixel changes."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


# --- NYUv2 and CityScapes -----------------------------------------------------------------------


def write_maps(folder: Path, part: str, number: int, size: tuple[int, int], classes: int, label: str) -> dict:
    """Arrays of one part, each with some pixels that carry no label; returns them stacked."""
    labels = RNG.integers(-1, classes, (number, *size)).astype(np.float32)
    depths = RNG.uniform(0.5, 9, (number, *size, 1)).astype(np.float32)
    depths[RNG.random(depths.shape) < 0.2] = 0
    normals = RNG.standard_normal((number, *size, 3))
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    normals[RNG.random((number, *size)) < 0.2] = 0
    whole = {"image": RNG.random((number, *size, 3)), label: labels, "depth": depths, "normal": normals}
    if classes == cityscapes.CLASSES:
        del whole["normal"]
    for kind, arrays in whole.items():
        for i, array in enumerate(arrays):
            put(folder / part / kind / f"{i}.npy", array_file(array))
    return whole


@pytest.fixture
def rooms(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict]:
    """Twelve and two small images, so that 10.npy comes after 9.npy."""
    monkeypatch.setattr(nyuv2, "FULL", SMALL)
    for part, number in (("train", 12), ("val", 2)):
        for folder in nyuv2.FOLDERS[part]:
            monkeypatch.setattr(folder, "count", number)
    return {
        part: write_maps(cache / "nyuv2", part, number, SMALL, nyuv2.CLASSES, "label")
        for part, number in (("train", 12), ("val", 2))
    }


def load_rooms(validation: int = 3):
    return load("nyuv2", height=SMALL[0], width=SMALL[1], validation=validation)


def test_rooms_are_what_the_files_say(rooms: dict[str, dict]) -> None:
    data = load_rooms()
    assert [len(s) for s in (data.train, data.validation, data.test)] == [9, 3, 2]
    assert [t.name for t in data.tasks] == ["segmentation", "depth", "normals"]
    for split, part, piece in (
        (data.train, "train", slice(9)),
        (data.validation, "train", slice(9, 12)),
        (data.test, "val", slice(None)),
    ):
        files = {kind: torch.from_numpy(arrays[piece]) for kind, arrays in rooms[part].items()}
        assert split.inputs.dtype == torch.uint8
        expected = files["image"].float().movedim(-1, 1).mul(255).round()
        assert torch.equal(split.inputs.float(), expected)
        labels, depths, normals = split.targets
        assert labels.dtype == torch.int64 and depths.dtype == normals.dtype == torch.float32
        assert torch.equal(labels, torch.where(files["label"] < 0, UNLABELLED, files["label"].long()))
        known = files["depth"][..., 0] > 0
        assert torch.equal(torch.isnan(depths[:, 0]), ~known)
        assert torch.equal(depths[:, 0][known], files["depth"][..., 0][known])
        known = (files["normal"] != 0).any(-1)
        assert torch.equal(torch.isnan(normals).all(1), ~known)
        torch.testing.assert_close(normals.movedim(1, -1)[known], files["normal"][known].float())


def test_smaller_rooms_have_mean_colours_and_labels_of_one_pixel(rooms: dict[str, dict]) -> None:
    data = load("nyuv2", height=12, width=16, validation=1)
    images = torch.from_numpy(rooms["val"]["image"])
    mean = images.unflatten(1, (12, 2)).unflatten(3, (16, 2)).mean((2, 4))
    assert (data.test.inputs.movedim(1, -1).double() - 255 * mean).abs().max() <= 0.5 + 1e-3
    labels, depths, normals = data.test.targets
    assert labels.shape == (2, 12, 16) and depths.shape == (2, 1, 12, 16)
    assert normals.shape == (2, 3, 12, 16)
    for target, kind, missing in ((labels, "label", -1), (depths[:, 0], "depth", 0)):
        blocks = torch.from_numpy(rooms["val"][kind]).reshape(2, 12, 2, 16, 2).transpose(2, 3).flatten(3)
        values = torch.where(torch.isnan(target) | (target == UNLABELLED), missing, target)
        assert (values[..., None] == blocks).any(-1).all()
    lengths = normals.norm(dim=1)
    torch.testing.assert_close(lengths[~lengths.isnan()], torch.ones_like(lengths[~lengths.isnan()]))


def test_the_official_size(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("train", "val"):
        write_maps(cache / "nyuv2", part, 2, (288, 384), nyuv2.CLASSES, "label")
        for folder in nyuv2.FOLDERS[part]:
            monkeypatch.setattr(folder, "count", 2)
    assert load("nyuv2", validation=1).train.inputs.shape == (1, 3, 288, 384)
    assert load("nyuv2", validation=1, height=120, width=160).test.targets[2].shape == (2, 3, 120, 160)


def test_rooms_that_are_not_there_are_named(cache: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        load("nyuv2")
    said = str(error.value)
    assert "nyuv2/train/image is not in the cache" in said and "lorenmt/mtan" in said
    assert f"into the folder {cache / 'nyuv2'}" in said


class Trap:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


WRONG: dict[str, tuple[str, bytes | None, str]] = {
    "one file missing": ("train/depth/3.npy", None, r"holds 11 \.npy files, but the official one has 12"),
    "one file more": ("train/depth/12.npy", b"", r"holds 13 \.npy files"),
    "empty": ("val/image/0.npy", b"", "no array of numbers"),
    "text": ("val/image/0.npy", b"hello", "no array of numbers"),
    "cut": ("val/image/0.npy", array_file(np.zeros((*SMALL, 3)))[:-9], "no array of numbers"),
    "objects": ("val/image/0.npy", array_file(np.array([None])), "no array of numbers"),
    "a lie": ("val/image/0.npy", lying_header(), "no array of numbers"),
    "shape": ("val/depth/1.npy", array_file(np.zeros(SMALL)), r"shape \(24, 32, 1\), but it has the shape"),
    "kind": ("val/label/1.npy", array_file(np.full(SMALL, "x")), "type <U1"),
    "nan": ("val/normal/1.npy", array_file(np.full((*SMALL, 3), np.nan)), "should hold finite numbers"),
    "class 13": ("val/label/1.npy", array_file(np.full(SMALL, 13)), "classes from -1 to 12"),
    "class 0.5": ("val/label/1.npy", array_file(np.full(SMALL, 0.5)), "classes from -1 to 12"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_array_is_refused(rooms: dict, cache: Path, case: str) -> None:
    name, content, words = WRONG[case]
    path = cache / "nyuv2" / name
    put(path, content) if content is not None else path.unlink()
    with pytest.raises(ValueError, match=words):
        load_rooms()


def test_files_with_other_names_are_refused(rooms: dict, cache: Path) -> None:
    (cache / "nyuv2/train/label/7.npy").rename(cache / "nyuv2/train/label/007.npy")
    with pytest.raises(ValueError, match=r"not called 0\.npy to 11\.npy"):
        load_rooms()


def test_a_pickle_is_never_opened(rooms: dict, cache: Path) -> None:
    trap = cache / "sprung"
    for content in (pickle.dumps(Trap(trap)), array_file(np.array([Trap(trap)], object))):
        put(cache / "nyuv2/val/image/0.npy", content)
        with pytest.raises(ValueError, match="no array of numbers"):
            load_rooms()
    assert not trap.exists()


@pytest.mark.parametrize("validation", [0, 12, 2.5])
def test_validation_images_leave_some_for_training(rooms: dict, validation) -> None:
    with pytest.raises(ValueError, match="validation must be"):
        load_rooms(validation)


@pytest.fixture(params=["label_7", "label"])
def streets(cache: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Five and two small images, under both names that the labels go by."""
    monkeypatch.setattr(cityscapes, "FULL", SMALL)
    for part, number in (("train", 5), ("val", 2)):
        write_maps(cache / "cityscapes", part, number, SMALL, cityscapes.CLASSES, request.param)
        for folder in cityscapes.FOLDERS[part]:
            monkeypatch.setattr(folder, "count", number)


def test_streets(streets: None) -> None:
    data = load("cityscapes", height=SMALL[0], width=SMALL[1], validation=2)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [3, 2, 2]
    assert [t.name for t in data.tasks] == ["segmentation", "depth"]
    assert data.train.targets[0].max() == 6 and data.train.targets[0].min() == UNLABELLED


# --- CelebA -------------------------------------------------------------------------------------

NAMES = [f"{i:06d}.jpg" for i in range(1, 13)]
ATTRIBUTES = ["Attractive", *(f"Attribute_{k}" for k in range(39))]


@pytest.fixture
def faces(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Twelve images, six, three and three in the parts, in the official layout."""
    monkeypatch.setattr(celeba.IMAGES, "count", len(NAMES))
    pixels = RNG.integers(0, 256, (12, 218, 178, 3), np.uint8)
    signs = RNG.choice([-1, 1], (12, 40))
    places = RNG.integers(0, 178, (12, 10))
    parts = np.repeat([0, 1, 2], [6, 3, 3])
    home = cache / "celeba"
    for name, image in zip(NAMES, pixels, strict=True):
        put(home / "img_align_celeba" / name, photograph(image))
    landmarks = [
        f"{p}_{xy}" for p in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for xy in "xy"
    ]
    for file, columns, values in (
        ("list_attr_celeba.txt", ATTRIBUTES, signs),
        ("list_landmarks_align_celeba.txt", landmarks, places),
    ):
        rows = [
            f"{name} {' '.join(f'{v:2d}' for v in row)} " for name, row in zip(NAMES, values, strict=True)
        ]
        put(home / file, "\n".join([str(len(NAMES)), " ".join(columns) + " ", *rows, ""]).encode())
    rows = [f"{name} {part}" for name, part in zip(NAMES, parts, strict=True)]
    put(home / "list_eval_partition.txt", "\n".join(rows).encode())
    return {"pixels": pixels, "signs": signs, "places": places}


def zip_up(folder: Path, *extra: str) -> None:
    """Replace a folder by a zip that holds it, as the official one does."""
    with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip"), "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{folder.name}/{path.name}")
            path.unlink()
        for name in extra:
            archive.writestr(name, b"")
    folder.rmdir()


@pytest.mark.parametrize("zipped", [False, True])
def test_faces_are_what_the_files_say(faces: dict[str, np.ndarray], cache: Path, zipped: bool) -> None:
    home = cache / "celeba"
    if zipped:
        zip_up(home / "img_align_celeba", "img_align_celeba/._000001.jpg", "__MACOSX/000099.jpg")
    before = sorted(home.rglob("*"))
    data = load("celeba", size=8)
    assert sorted(home.rglob("*")) == before, "a zip is read in place"
    assert [t.name for t in data.tasks] == ATTRIBUTES
    start = 0
    for split, number in ((data.train, 6), (data.validation, 3), (data.test, 3)):
        piece = slice(start, start + number)
        labels = torch.stack(split.targets, 1)
        assert torch.equal(labels, torch.from_numpy((faces["signs"][piece] == 1).astype(np.int64)))
        for got, image in zip(split.inputs, faces["pixels"][piece], strict=True):
            resized = np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR))
            assert np.array_equal(got.numpy(), resized.transpose(2, 0, 1))
        start += number


def test_landmarks_are_shares_of_the_image(faces: dict[str, np.ndarray]) -> None:
    data = load("celeba-landmarks", images=3)
    assert [t.metric_name for t in data.tasks] == ["auc", "mse"]
    assert data.train.inputs.shape == (3, 1, 40, 40) and data.train.inputs.dtype == torch.uint8
    attractive, places = data.test.targets
    assert attractive.tolist() == (faces["signs"][9:, 0] == 1).astype(int).tolist()
    torch.testing.assert_close(places[:, 0], torch.from_numpy(faces["places"][9:, 0] / 178).float())
    torch.testing.assert_close(places[:, 1], torch.from_numpy(faces["places"][9:, 1] / 218).float())
    grey = Image.fromarray(faces["pixels"][9]).convert("L").resize((40, 40), Image.Resampling.BILINEAR)
    assert np.array_equal(data.test.inputs[0, 0].numpy(), np.asarray(grey))


def test_landmarks_images_are_drawn_by_the_seed(faces: dict[str, np.ndarray]) -> None:
    first, same, other = (load("celeba-landmarks", images=2, size=4, seed=s).train for s in (0, 0, 3))
    assert torch.equal(first.inputs, same.inputs) and not torch.equal(first.inputs, other.inputs)
    with pytest.raises(ValueError, match="a part of CelebA has 3 images, not 4"):
        load("celeba-landmarks", images=4)
    with pytest.raises(ValueError, match="no attribute 'Clever'; it has Attractive"):
        load("celeba-landmarks", images=1, main="Clever")


def replace_in(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(home: Path) -> None:
        path = home / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return change


WRONG_FACES: dict[str, tuple[Callable[[Path], object], type[Exception], str]] = {
    "no images": (
        lambda home: (home / "img_align_celeba").rename(home / "faces"),
        FileNotFoundError,
        r"put img_align_celeba \(or img_align_celeba.zip\) into the folder",
    ),
    "no attributes": (
        lambda home: (home / "list_attr_celeba.txt").unlink(),
        FileNotFoundError,
        r"celeba/list_attr_celeba.txt is not in the cache, and you have to bring it: get it from https://mmlab",
    ),
    "an image less": (
        lambda home: (home / "img_align_celeba" / NAMES[3]).unlink(),
        ValueError,
        "holds 11 .jpg files, but the official one has 12",
    ),
    "no image": (
        lambda home: (home / "img_align_celeba" / NAMES[3]).write_bytes(b"\xff\xd8\xff nothing"),
        ValueError,
        "000004.jpg is no JPEG or PNG image",
    ),
    "another format": (
        lambda home: (home / "img_align_celeba" / NAMES[3]).write_bytes(
            photograph(np.zeros((9, 9), np.uint8), "GIF")
        ),
        ValueError,
        "000004.jpg is no JPEG or PNG image",
    ),
    "a sign of 0": (
        lambda home: (home / "list_attr_celeba.txt").write_text(
            f"1\n{' '.join(ATTRIBUTES)}\n{NAMES[0]} {'0 ' * 40}\n"
        ),
        ValueError,
        "should hold -1 and 1 only",
    ),
    "words": (
        lambda home: (home / "list_attr_celeba.txt").write_text("2\na b\nx.jpg one two\n"),
        ValueError,
        "is not the official table",
    ),
    "no lines": (
        lambda home: (home / "list_attr_celeba.txt").write_text(""),
        ValueError,
        "is not the official table",
    ),
    "a fourth part": (
        replace_in("list_eval_partition.txt", "000005.jpg 0", "000005.jpg 3"),
        ValueError,
        "give every image a part, 0, 1 or 2",
    ),
    "an unknown image": (
        replace_in("list_eval_partition.txt", "000005.jpg", "000055.jpg"),
        ValueError,
        "do not name the same images",
    ),
}


@pytest.mark.parametrize("case", WRONG_FACES)
def test_wrong_faces_are_refused(faces: dict, cache: Path, case: str) -> None:
    spoil, kind, words = WRONG_FACES[case]
    spoil(cache / "celeba")
    with pytest.raises(kind, match=words):
        load("celeba", size=4)


def test_a_table_cannot_lead_out_of_the_folder(faces: dict, cache: Path) -> None:
    put(cache / "celeba/secret.jpg", photograph(np.zeros((4, 4, 3), np.uint8)))
    for file in ("list_eval_partition.txt", "list_attr_celeba.txt"):
        replace_in(file, "000005.jpg", "../secret.jpg")(cache / "celeba")
    with pytest.raises(ValueError, match="names images that img_align_celeba does not hold"):
        load("celeba", size=4)


def test_broken_zips_and_large_files(faces: dict, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brought, "LARGEST", 50_000)
    with pytest.raises(ValueError, match=r"000001.jpg has more than 50,000 bytes"):
        load("celeba", size=4)
    monkeypatch.setattr(brought, "LARGEST", 178 * 218 * 3 + 2000)
    zip_up(cache / "celeba/img_align_celeba")
    archive = cache / "celeba/img_align_celeba.zip"
    whole = archive.read_bytes()
    for position in (0, 400, 2000):
        spoilt = bytearray(whole)
        spoilt[position : position + 8] = b"\0" * 8
        archive.write_bytes(spoilt)
        with pytest.raises(ValueError, match=r"cannot be unpacked|no JPEG"):
            load("celeba", size=4)
    archive.write_bytes(whole[:-30])
    with pytest.raises(ValueError, match="is no zip"):
        load("celeba", size=4)


def test_an_image_with_too_many_pixels_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache / "x/images/large.png", photograph(np.zeros((300, 300), np.uint8)))
    monkeypatch.setattr(brought, "LARGEST", 80_000)
    with pytest.raises(ValueError, match="300 x 300 pixels"):
        Brought("x", "images", "nowhere", ".png").image("large.png", (4, 4))


# --- Office -------------------------------------------------------------------------------------


KINDS = ("mug", "Bed", "bike")


def write_domains(
    cache: Path, folder: str, domains: dict[str, Brought], number: int, kinds: Sequence[str]
) -> None:
    """``number`` images of one colour in each class of each domain."""
    for k, domain in enumerate(domains.values()):
        for c, kind in enumerate(kinds):
            for i in range(number):
                colour = np.full((6, 5, 3), (40 * k, 40 * c % 256, i), np.uint8)
                put(cache / folder / domain.name / kind / f"frame_{i:04d}.jpg", photograph(colour))


@pytest.mark.parametrize(
    ("folder", "domains"), [("office-31", office.OFFICE_31), ("office-home", office.OFFICE_HOME)]
)
def test_domains(
    cache: Path, monkeypatch: pytest.MonkeyPatch, folder: str, domains: dict[str, Brought]
) -> None:
    write_domains(cache, folder, domains, 5, KINDS)
    for domain in domains.values():
        monkeypatch.setattr(domain, "count", 15)
    with pytest.raises(ValueError, match=f"has 3 classes, not {31 if folder == 'office-31' else 65}"):
        load(folder)
    data = office.make(folder, domains, 3, size=4, seed=0)
    assert [t.name for t in data.tasks] == list(domains)
    assert len(data.train.inputs) == len(domains)
    seen = []
    for split, number in ((data.train, 9), (data.validation, 3), (data.test, 3)):
        for k, (images, labels) in enumerate(zip(split.inputs, split.targets, strict=True)):
            assert images.shape == (number, 3, 4, 4) and images.dtype == torch.uint8
            assert (images[:, 0] == 40 * k).all(), "each domain its own images"
            written = torch.tensor([2, 0, 1])[images[:, 1, 0, 0].long() // 40]  # Bed, bike, mug
            assert torch.equal(labels, written)
            seen += [(k, *pixel) for pixel in images[:, 1:, 0, 0].tolist()]
    assert len(set(seen)) == len(seen) == 15 * len(domains), "no image is in two splits"
    other = office.make(folder, domains, 3, size=4, seed=1)
    assert not torch.equal(other.train.inputs[0], data.train.inputs[0])


def test_a_missing_domain_is_named(cache: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"office-home/Art is not in the cache.*hemanthdv.*Art\.zip"):
        load("office-home")


# --- the table of files -------------------------------------------------------------------------


def test_the_table_says_what_is_there(faces: dict, cache: Path) -> None:
    (cache / "celeba/img_align_celeba" / NAMES[0]).unlink()
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


# --- made data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["made-rooms", "made-streets", "made-faces", "made-objects"])
def test_made_data_come_from_their_seed(name: str) -> None:
    def flat(seed: int) -> torch.Tensor:
        batch = load(name, seed=seed).train.read(slice(0, 5))
        inputs = batch.inputs if isinstance(batch.inputs, tuple) else (batch.inputs,)
        return torch.cat([t.double().nan_to_num(-1).flatten() for t in (*inputs, *batch.targets)])

    assert torch.equal(flat(0), flat(0)) and not torch.equal(flat(0), flat(1))


@pytest.mark.parametrize("name", ["made-rooms", "made-streets"])
def test_made_scenes_lack_a_tenth_of_their_labels(name: str) -> None:
    data = load(name, images=100, validation=20)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [80, 20, 50]
    for task, targets in zip(data.tasks, data.train.targets, strict=True):
        assert 0.88 < task.labelled(targets).double().mean() < 0.92


# --- from the files to a row --------------------------------------------------------------------


def row_of(name: str, **settings: object) -> dict[str, float]:
    """The numbers that a smoke run of an experiment makes of the data set in the cache."""
    pictures._load.cache_clear()
    experiment = EXPERIMENTS[name]
    config = experiment.configurations("smoke")[0] | {"epochs": 1, **settings}
    row = experiment.run(config, "cpu").row
    assert all(np.isfinite(value) for value in row.values())
    return row


@pytest.mark.parametrize("name", ["slaw-table2", "rlw-nyuv2"])
def test_rooms_become_a_row(rooms: dict[str, dict], name: str) -> None:
    size = {"height": SMALL[0], "width": SMALL[1], "validation": 4, "batch_size": 4}
    row = row_of(name, data="nyuv2", **size)
    assert any("segmentation" in number for number in row)


def test_streets_become_a_row(streets: None) -> None:
    size = {"height": SMALL[0], "width": SMALL[1], "validation": 2, "batch_size": 3}
    row = row_of("rlw-cityscapes", data="cityscapes", **size)
    assert 0 <= row["test_miou.segmentation"] <= 1


def test_faces_become_a_row(faces: dict[str, np.ndarray]) -> None:
    row = row_of("rlw-celeba", data="celeba", batch_size=6)
    assert 0 <= row["test_accuracy.mean"] <= 1


def test_objects_become_a_row(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [f"kind {k:02d}" for k in range(31)]
    write_domains(cache, "office-31", office.OFFICE_31, 5, kinds)
    for domain in office.OFFICE_31.values():
        monkeypatch.setattr(domain, "count", 5 * len(kinds))
    row = row_of("rlw-office", data="office-31")
    assert 0 <= row["test_accuracy.mean"] <= 1
