"""NYUv2, read from small files of the official form."""

from pathlib import Path

import pytest
import torch
from helpers.small_data import load_rooms, write_maps

from mtlcore.data import load, nyuv2
from mtlcore.tasks import UNLABELLED


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
