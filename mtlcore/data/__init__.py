"""Data sets by name: load one with :func:`load`, list their files with :func:`table`."""

from mtlcore.data.dataset import Dataset
from mtlcore.data.registry import DATASETS, load, table

__all__ = ["DATASETS", "Dataset", "load", "table"]
