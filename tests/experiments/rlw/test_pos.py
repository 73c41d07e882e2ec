"""The experiment on part-of-speech tagging."""

from pathlib import Path

import pytest

from mtlcore.data import pawsx, ud
from mtlcore.experiments import experiment
from mtlcore.experiments.rlw import _languages, _methods


@pytest.mark.filterwarnings("ignore:no forward-mode rule")
def test_every_method_and_distribution_tags(smoke):
    rows, curves = smoke("rlw-pos")
    assert set(rows["method"]) == {*_languages.METHODS, *_methods.RANDOM} and len(rows) == 2 * 20
    languages = ("one", "two", "three", "four")
    mean = rows[[f"test_f1.{name}" for name in languages]].mean(axis=1)
    assert rows["test.mean"].tolist() == pytest.approx(mean.tolist())
    assert (rows[[f"test_accuracy.{name}" for name in languages]].mean(axis=1) > mean).all()
    chosen = curves.loc[curves.groupby("run")["validation_loss.mean"].idxmin()].set_index("run")["epoch"]
    assert rows.set_index("run")["best_epoch"].to_dict() == chosen.to_dict()
    seed = rows[rows["seed"] == 0].set_index("method")["test.mean"]
    assert seed["RLW"] != seed["Static"] and seed.nunique() > 8


def test_the_laptop_grid_has_the_paper_s_methods_but_moml():
    grid = experiment("rlw-pos").configurations("laptop")
    methods = {config["method"] for config in grid}
    assert len(methods) == 15 and methods == {m for m in _languages.METHODS if m != "MOML"}
    assert len({(c["epochs"], c["lr"], c["sentences"], c["batch_size"]) for c in grid}) == 1, "one budget"


def test_paper_size_goes_through_bert(paws: Path, treebanks_for_bert: str):
    first = {config["data"]: config for config in experiment("rlw-pos").configurations("paper")}
    assert set(first) == {"ud-pos", "pawsx"}
    for name, config in first.items():
        small = config | {"encoder": treebanks_for_bert, "epochs": 1, "batch_size": 2, "method": "RLW"}
        row = _languages.run(small, "cpu").row
        metric, languages = {"ud-pos": ("f1", ud.LANGUAGES), "pawsx": ("accuracy", pawsx.LANGUAGES)}[name]
        values = [row[f"test_{metric}.{language}"] for language in languages]
        assert row["test.mean"] == pytest.approx(sum(values) / 4)
