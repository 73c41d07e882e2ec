"""Office-31 and Office-Home, read from small files of the official form."""

from pathlib import Path

import pytest
import torch
from helpers.small_data import KINDS, write_domains

from mtlcore.data import load, office
from mtlcore.data.manual_files import ManualFolder


@pytest.mark.parametrize(
    ("folder", "domains"), [("office-31", office.OFFICE_31), ("office-home", office.OFFICE_HOME)]
)
def test_domains(
    cache: Path, monkeypatch: pytest.MonkeyPatch, folder: str, domains: dict[str, ManualFolder]
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
