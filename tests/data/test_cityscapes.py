"""CityScapes, read from small files of the official form."""

from helpers.small_data import SMALL_MAPS

from mtlcore.data import load
from mtlcore.tasks import UNLABELLED


def test_streets(streets: None) -> None:
    data = load("cityscapes", height=SMALL_MAPS[0], width=SMALL_MAPS[1], validation=2)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [3, 2, 2]
    assert [t.name for t in data.tasks] == ["segmentation", "depth"]
    assert data.train.targets[0].max() == 6 and data.train.targets[0].min() == UNLABELLED
