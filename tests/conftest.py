"""What every test has: the data cache, one thread, and the fixtures of ``helpers.small_data``."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

pytest.register_assert_rewrite("helpers")
pytest_plugins = ["helpers.small_data"]

SHELF = Path(__file__).resolve().parents[1] / "../shared/data"
if "MTLCORE_DATA" not in os.environ and SHELF.is_dir():
    os.environ["MTLCORE_DATA"] = str(SHELF.resolve())
torch.set_num_threads(1)
settings.register_profile("mtlcore", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("mtlcore")
