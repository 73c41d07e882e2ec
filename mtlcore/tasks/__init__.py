"""What is learned and measured: labels, losses, metrics, tasks, mini-batches."""

from mtlcore.tasks.batch import Batch, MultiTaskData, Split
from mtlcore.tasks.labels import UNLABELLED, labelled
from mtlcore.tasks.metrics import (
    Metrics,
    accuracy,
    area_under_roc,
    average_precision,
    delta_p,
    mean_squared_error,
)
from mtlcore.tasks.task import Task

__all__ = [
    "UNLABELLED",
    "Batch",
    "Metrics",
    "MultiTaskData",
    "Split",
    "Task",
    "accuracy",
    "area_under_roc",
    "average_precision",
    "delta_p",
    "labelled",
    "mean_squared_error",
]
