"""Where and with what a run was made."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy
import torch

PACKAGE = Path(__file__).parents[2]
"""The folder of the imported mtlcore."""


def provenance(device: str) -> dict[str, Any]:
    """Describe this process: what a reader needs to make the run again, apart from its configuration.

    Parameters
    ----------
    device : str
        The device of the run, such as ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    made : dict
        Versions of mtlcore, Python, torch and numpy; the commit; the device; the number of CPU threads.

    Raises
    ------
    ValueError
        If this process cannot use the device.
    """
    return {
        "mtlcore": version("mtlcore"),
        "commit": _commit(PACKAGE),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "device": device_name(device),
        "threads": torch.get_num_threads(),
    }


def device_name(device: str) -> str:
    """Name the hardware behind a device.

    Parameters
    ----------
    device : str
        A device of torch.

    Returns
    -------
    name : str
        The GPU's name, or the architecture and the vector instructions of the CPU.

    Raises
    ------
    ValueError
        If this process cannot use the device.
    """
    try:
        kind = torch.empty(0, device=device).device.type
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"the device {device!r} cannot be used: {reason}") from None
    if kind == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{kind} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


@cache  # the code that runs is the code that this process imported
def _commit(package: Path) -> str:
    """The commit of the checkout that holds ``package``, "+dirty" if it was edited, "" if none."""
    if not (package.parent / ".git").exists():
        return ""
    git = ["git", "-C", str(package)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        edited = subprocess.run(
            [*git, "status", "--porcelain", "."], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + "+dirty" if edited else head
