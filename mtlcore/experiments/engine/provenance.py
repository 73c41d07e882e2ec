"""Where and with what a run was made."""

from __future__ import annotations

import platform
import re
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
        Versions of mtlcore, Python, torch and numpy; the commit; the device. And what decides the last
        digits: the number of CPU threads, the CPU's vector instructions as torch uses them, and the library
        of linear algebra. Rows of mtlcore 0.3 lack the last two.

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
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "blas": _blas(),
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


@cache
def _blas() -> str:
    """The library of linear algebra that torch was built with, such as "mkl 2024.2"."""
    built = torch.__config__.show()
    name = re.search(r"BLAS_INFO=(\w+)", built)
    version = re.search(r"Math Kernel Library Version ([\d.]+)", built)
    return " ".join(found[1] for found in (name, version) if found)


@cache  # the code that runs is the code that this process imported
def _commit(package: Path) -> str:
    """The commit of the checkout that holds ``package``, "+dirty" if it was edited, "" if none."""
    if not (package.parent / ".git").exists():
        return ""
    # Without locks: git that is killed with its sweep would leave one, and the checkout unusable.
    git = ["git", "--no-optional-locks", "-C", str(package)]
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
