"""What a row says of how it was made."""

import os
import subprocess
from pathlib import Path

import torch

from mtlcore.experiments.engine.provenance import _commit, provenance


def test_provenance_has_what_decides_the_last_digits():
    made = provenance("cpu")
    assert made["threads"] == torch.get_num_threads()
    assert made["cpu"] == torch.backends.cpu.get_cpu_capability()
    assert made["blas"] and f"BLAS_INFO={made['blas'].split()[0]}" in torch.__config__.show()
    if torch.backends.mkl.is_available():
        assert f"Library Version {made['blas'].split()[1]}" in torch.__config__.parallel_info()


def test_the_commit_is_found_without_a_lock_on_the_checkout(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text("one = 1\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    os.utime(package / "module.py", (1, 1))  # git status writes the new time into its index, under a lock
    before = (tmp_path / ".git" / "index").read_bytes()
    assert len(_commit(package)) >= 7 and not _commit(package).endswith("+dirty")
    assert (tmp_path / ".git" / "index").read_bytes() == before
