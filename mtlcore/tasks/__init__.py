"""What is learned and measured: labels, losses, metrics, tasks, mini-batches."""

from mtlcore.tasks.batch import Batch, MultiTaskData, Split
from mtlcore.tasks.task import UNLABELLED, Task, delta_p, labelled

__all__ = ["UNLABELLED", "Batch", "MultiTaskData", "Split", "Task", "delta_p", "labelled"]
