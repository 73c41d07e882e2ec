"""Chunking: the paper's grid, its last batch, and the network."""

import torch

import mtlcore as mtl
from mtlcore.experiments.projection.chunking import LAPTOP, Reader, experiment, last_batch, start


def test_the_paper_s_grid() -> None:
    """50 runs: Multi-task; Projection, Orthogonal and both cosines with and without smoothing."""
    assert len(experiment.configurations("paper")) == 50 * (1 + 9 * 9)


def test_the_last_batch_in_the_paper_s_order() -> None:
    """Three equal stretches of the text, a window of each to a batch; of eleven windows two are left over."""
    windows = torch.arange(11)[:, None]
    assert last_batch(mtl.Split(windows, (windows,)), 3).inputs.flatten().tolist() == [2, 5, 8]


def test_a_word_is_read_without_the_words_after_it() -> None:
    torch.manual_seed(0)
    reader = Reader(words=9, embedding=5, hidden=4).eval()
    words = torch.tensor([[1, 2, 3, 4]])
    other = torch.tensor([[1, 2, 3, 9]])
    assert reader(words).shape == (1, 4, 4)
    assert torch.equal(reader(words)[..., :3], reader(other)[..., :3])
    assert not torch.equal(reader(words)[..., 3], reader(other)[..., 3])


def test_there_is_an_output_for_every_tag() -> None:
    data, model = start(LAPTOP | {"data": "synthetic-chunks", "windows": 5, "words": 40})
    assert [output.shape[1] for output in model(data.train.inputs)] == [3, 4]
    assert max(int(data.test.targets[1].max()), int(data.train.targets[1].max())) == 3
