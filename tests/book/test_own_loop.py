"""The loops of Lightning and Accelerate in the guide, run as they are printed."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.chapters import ROOT, read
from torch.utils.data import DataLoader

import mtlcore as mtl

GUIDE = read(ROOT / "notebooks" / "guides" / "your-own-loop.ipynb")
EPOCHS = 2


def run(package: str) -> mtl.MultiTaskModel:
    """The network after the block that imports a package."""
    names: dict[str, Any] = {"mtl": mtl}
    for cell in GUIDE.cells:
        if "setup" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    text = "\n".join(cell.source for cell in GUIDE.cells if cell.cell_type == "markdown")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if re.search(rf"^(import|from) {package}\b", block)]
    exec(block, names)
    torch.testing.assert_close(
        list(names["model"].parameters()), list(plain_loop(names, package == "accelerate").parameters())
    )
    return names["model"]


def plain_loop(names: dict[str, Any], low: bool) -> mtl.MultiTaskModel:
    model, method = names["make_model"](), mtl.UW()
    groups = [{"params": model.parameters()}, {"params": method.learnable(), "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, lr=0.02)
    for _ in range(EPOCHS):
        for inputs, *labels in DataLoader(names["train"], batch_size=64):
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16) if low else nullcontext():
                signals = mtl.Signals(model, mtl.Batch(inputs, labels), names["tasks"])
            method.backward(signals)
            optimizer.step()
        method.end_epoch()
    return model


@pytest.mark.filterwarnings("ignore")  # Lightning's own, about workers, logging and torch
def test_lightning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pytorch_lightning", reason="runs a loop of Lightning: install the extra 'loops'")
    monkeypatch.chdir(tmp_path)
    run("pytorch_lightning")


def test_accelerate(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate", reason="runs a loop of Accelerate: install the extra 'loops'")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    run("accelerate")
