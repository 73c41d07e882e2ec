"""The experiment on the distributions of random weights."""

from mtlcore.experiments import experiment
from mtlcore.experiments.rlw import _languages, _methods


def test_the_distributions_are_trained_as_the_table_is():
    other = experiment("rlw-distributions")
    for preset in other.presets:
        found = {config["method"] for config in other.configurations(preset)}
        assert found == {"Static", *_methods.RANDOM} and len(found) == 6
    assert other.run is _languages.run
    table = experiment("rlw-pos").configurations("smoke")
    assert all(config in table for config in other.configurations("smoke"))
