"""Where the runs of a sweep are made: in processes of this machine, or by the workers of a Dask cluster.

A backend calls functions without arguments, each of which makes one run and writes its file. The file is the
result: what comes back through the backend is only the reason why a run failed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import joblib
import torch
from joblib.parallel import get_active_backend

from mtlcore._optional import needed_by
from mtlcore.experiments.engine.orphans import ending_with
from mtlcore.experiments.engine.provenance import device_name

if TYPE_CHECKING:
    from distributed import Client

Call = Callable[[], "str | None"]
"""Makes a run; returns None, or the reason why it failed."""

CONNECT_SECONDS = 10


class Backend(Protocol):
    """What a sweep needs of a backend."""

    def check(self, device: str) -> None:
        """Raise ValueError if the runs cannot use the device there, before any of them starts."""

    def outcomes(self, calls: Sequence[Call]) -> Iterator[tuple[int, str | None]]:
        """Make the calls in any order; yield the index of each when it is done, and what it returned."""


class Local:
    """Runs in processes of this machine, by joblib.

    The CPU threads are shared out among the processes. They end within a second when the sweeping process is
    gone, so that a killed sweep leaves nothing behind. Inside ``joblib.parallel_config(backend=...)`` that
    backend is used instead of joblib's own processes.

    Parameters
    ----------
    jobs : int, default 1
        Number of runs at a time. With 1 they are made in this process.

    Raises
    ------
    ValueError
        If ``jobs`` is less than 1.
    """

    def __init__(self, jobs: int = 1) -> None:
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1, not {jobs}")
        self.jobs = jobs

    def check(self, device: str) -> None:
        """Raise ValueError if this machine cannot use the device."""
        device_name(device)

    def outcomes(self, calls: Sequence[Call]) -> Iterator[tuple[int, str | None]]:
        """Make the calls, ``jobs`` at a time.

        Raises
        ------
        ChildProcessError
            If a process dies.
        """
        all_threads = torch.get_num_threads()
        threads = max(1, min(all_threads, joblib.cpu_count()) // self.jobs)
        joblib_backend, _ = get_active_backend()
        unordered = getattr(joblib_backend, "supports_return_generator", False)
        # Only joblib's own processes are children of this one; others would take themselves for orphans.
        kind = type(joblib_backend).__name__
        told = threading.current_thread() is threading.main_thread()
        early = {"initializer": ending_with(os.getpid(), told)} if kind == "LokyBackend" else {}
        parent = os.getpid() if kind == "MultiprocessingBackend" else None
        parallel = joblib.Parallel(
            self.jobs, batch_size=1, return_as="generator_unordered" if unordered else "list", **early
        )
        try:
            yield from parallel(
                joblib.delayed(_call)(index, call, threads, parent) for index, call in enumerate(calls)
            )
        except BrokenProcessPool as error:
            raise ChildProcessError(
                "a job was killed, most often for want of memory; finished runs are kept: "
                "start the same sweep again, with fewer jobs"
            ) from error
        finally:
            torch.set_num_threads(all_threads)


def _call(index: int, call: Call, threads: int, parent: int | None) -> tuple[int, str | None]:
    if parent is not None:
        _end_with(parent)
    torch.set_num_threads(threads)
    return index, call()


@cache  # once a process
def _end_with(parent: int) -> None:
    # These workers, unlike those of loky, may be started by a thread that ends before its process.
    ending_with(parent, told=False)()


class Dask:
    """Runs by the workers of a Dask cluster, on this machine or on others.

    The workers need the same versions of mtlcore and of its packages, and must see the folder of the runs
    under the same path: on several machines, a shared folder. Give each worker one thread
    (``dask worker ADDRESS --nthreads 1``), because a worker makes one run at a time. A run has as many CPU
    threads as its worker. When a worker is lost, others make the runs that it had not finished.

    Parameters
    ----------
    scheduler : str or distributed.Client
        The scheduler's address, such as ``"tcp://10.0.0.1:8786"``, or a client that is connected to it.

    Raises
    ------
    ImportError
        If ``distributed`` is not installed (extra ``dask``).
    """

    def __init__(self, scheduler: str | Client) -> None:
        with needed_by("the backend dask", "dask"):
            import distributed
        self._distributed, self._killed = distributed, distributed.KilledWorker
        self.scheduler = scheduler

    def check(self, device: str) -> None:
        """Check the device on every worker that is there.

        Raises
        ------
        ConnectionError
            If no scheduler answers at the address.
        ValueError
            If a worker cannot use the device.
        """
        with self._client() as client:
            client.run(device_name, device)

    def outcomes(self, calls: Sequence[Call]) -> Iterator[tuple[int, str | None]]:
        """Make the calls on the workers. A call that raises, or ends its workers, is a failed run.

        Raises
        ------
        ConnectionError
            If the scheduler cannot be reached, or is lost.
        """
        with self._client() as client:
            futures = {client.submit(call, pure=False): index for index, call in enumerate(calls)}
            suspects = []
            try:
                for future in self._distributed.as_completed(futures, loop=client.loop):
                    if future.status == "error" and isinstance(future.exception(), self._killed):
                        suspects.append(futures[future])
                    else:
                        yield futures[future], self._outcome(future)
                # Dask also gives up calls that only waited at the lost workers: one at a time, each answers
                # for itself.
                for index in suspects:
                    alone = client.submit(calls[index], pure=False)
                    futures[alone] = index
                    yield index, self._outcome(alone)
            finally:
                client.cancel(list(futures))  # what is not done, when the sweep is stopped

    def _outcome(self, future: Any) -> str | None:
        try:
            reason: str | None = future.result()
            return reason
        except CancelledError as error:
            raise ConnectionError(
                "the Dask scheduler was lost; finished runs are kept: start the same sweep again"
            ) from error
        except self._killed:
            return "several workers ended while they made it, most often for want of memory"
        except Exception as error:  # such as a worker without the module of the experiment
            return " ".join(f"{type(error).__name__}: {error}".split())

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """The given client, or one for the address that is closed afterwards."""
        if not isinstance(self.scheduler, str):
            yield self.scheduler
            return
        try:
            client = self._distributed.Client(self.scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise ConnectionError(f"no Dask scheduler answers at {self.scheduler!r}") from error
        with client:
            yield client
