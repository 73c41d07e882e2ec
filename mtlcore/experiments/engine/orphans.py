"""Worker processes of this machine end when the process that started them is gone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

POLL_SECONDS = 0.2
"""How often a worker looks for its parent where the system does not tell."""


@cache
def ending_with(parent: int, told: bool) -> Callable[[], None]:
    """Make the function that a worker calls first, so that it does not outlive its parent.

    The same arguments give the same function: joblib keeps its workers as long as it is the same.

    Parameters
    ----------
    parent : int
        Number of the process that starts the worker. In that process itself, the function does nothing.
    told : bool
        Whether the system may be asked to kill the worker (Linux). It does so when the *thread* ends that
        started the worker, which must therefore live as long as its process. Otherwise, and on other
        systems, a thread of the worker looks for the parent.

    Returns
    -------
    begin : callable
        Takes and returns nothing.
    """

    # A function inside a function travels by value: it takes effect before the worker has imported torch.
    def begin() -> None:
        import ctypes
        import os
        import signal
        import sys
        import threading
        import time

        def watch() -> None:
            while os.getppid() == parent:
                time.sleep(seconds)
            os._exit(1)

        if os.getpid() == parent:
            return
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of linux/prctl.h
        if not (
            told
            and sys.platform == "linux"
            and ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL) == 0
        ):
            threading.Thread(target=watch, daemon=True).start()
        elif os.getppid() != parent:  # it was gone before the system was asked
            os._exit(1)

    seconds = POLL_SECONDS
    return begin
