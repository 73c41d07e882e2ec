"""The commands: ``python -m mtlcore list | run | collate | confirm | migrate | data | bench | colour``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from mtlcore import bench
from mtlcore._optional import needed_by
from mtlcore.data import table
from mtlcore.experiments import EXPERIMENTS, Dask, Local, collate, confirm, experiment, state, sweep
from mtlcore.experiments.engine.confirm import DIFFERENT, counts
from mtlcore.experiments.engine.migration import migrate_runs, migrate_table


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; try --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    status : int
        0; 1 if runs failed, ``confirm`` found a number that is different, or ``bench --quick`` found a
        limit exceeded by more than a factor of two; 2 if the command cannot be carried out; 130 if it was
        interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        return arguments.command(arguments)
    except (ValueError, OSError, ImportError) as error:
        print(f"mtlcore: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mtlcore: stopped; finished runs are kept", file=sys.stderr)
        return 130


def _list(arguments: argparse.Namespace) -> int:
    for one in EXPERIMENTS.values():
        print(f"{one.name}: {one.title} ({one.source})")
        for preset in one.presets:
            here = state(one, preset, arguments.runs)
            done = len(here.done)
            print(f"  {preset:8} {done + len(here.missing):4} runs, {done} done")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    one = experiment(arguments.name)
    report = sweep(
        one, arguments.preset, device=arguments.device, folder=arguments.runs, backend=_backend(arguments)
    )
    print(report)
    return 1 if report.failed else 0


def _backend(arguments: argparse.Namespace) -> Local | Dask:
    if arguments.backend == "dask":
        if arguments.scheduler is None or arguments.jobs is not None:
            raise ValueError(
                "--backend dask needs --scheduler ADDRESS, and has no --jobs: its workers are the jobs"
            )
        return Dask(arguments.scheduler)
    if arguments.scheduler is not None:
        raise ValueError("--scheduler goes with --backend dask")
    return Local(1 if arguments.jobs is None else arguments.jobs)


def _collate(arguments: argparse.Namespace) -> int:
    if arguments.all == bool(arguments.name):
        raise ValueError("collate needs the name of an experiment, or --all")
    chosen = [
        one
        for one in ([experiment(arguments.name)] if arguments.name else EXPERIMENTS.values())
        if arguments.name or state(one, arguments.preset, arguments.runs).done
    ]
    if not chosen:
        raise ValueError(f"no experiment has a finished run at preset {arguments.preset}")
    for one in chosen:
        print(*collate(one, arguments.preset, arguments.runs, arguments.results), sep="\n")
    return 0


def _confirm(arguments: argparse.Namespace) -> int:
    one = experiment(arguments.name)
    confirmed = confirm(one, arguments.preset, arguments.runs, arguments.seed, arguments.device)
    found = counts(confirmed)
    print(*confirmed, sep="\n\n")
    print(f"\n{len(confirmed)} runs: " + ", ".join(f"{number} {kind}" for kind, number in found.items()))
    return 1 if found[DIFFERENT] else 0


def _migrate(arguments: argparse.Namespace) -> int:
    changed = 0
    for one in EXPERIMENTS.values():
        runs = migrate_runs(one, arguments.runs)
        if runs:
            print(f"{one.name}: {runs} run files renamed")
        for path in sorted(Path(arguments.results).glob(f"{one.name}.*csv")):
            rows = migrate_table(one, path)
            if rows:
                print(f"{path}: {rows} rows changed")
                changed += rows
        changed += runs
    if not changed:
        print("no run file and no table of mtlcore 0.3")
    return 0


def _data(arguments: argparse.Namespace) -> int:
    print(table().drop(columns="summary").to_string(index=False))
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    rows = bench.check(arguments.quick, arguments.device)
    print(rows.to_string(index=False, na_rep="", float_format="{:.2f}".format))
    if arguments.out:
        rows.to_csv(arguments.out, index=False, float_format="%.4g")
    return 1 if arguments.quick and (rows["verdict"] == bench.FAR_OVER).any() else 0


def _colour(arguments: argparse.Namespace) -> int:
    with needed_by("the command colour", "book"):
        from mtlcore.book.style import propose

    print("light    dark")
    for light, dark in propose(arguments.family):
        print(light, dark, sep="  ")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mtlcore", description="Experiments, data and speed of Balancing Acts.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Callable[[argparse.Namespace], int], text: str) -> _Parser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    def add_runs(sub: _Parser) -> None:
        sub.add_argument("--runs", metavar="DIR", help="run files (MTLCORE_RUNS, or else .runs)")

    def add_preset(sub: _Parser) -> None:
        sub.add_argument("--preset", default="laptop", help="smoke, laptop (default) or paper")

    sub = add("list", _list, "List the experiments, and how many of their runs are done.")
    add_runs(sub)

    sub = add("run", _run, "Make the missing runs of an experiment.")
    sub.add_argument("name", help="name of an experiment: see list")
    add_preset(sub)
    sub.add_argument(
        "--backend",
        choices=["local", "dask"],
        default="local",
        help="local: processes of this machine (default); dask: workers that share the folder of the runs",
    )
    sub.add_argument("--jobs", type=int, help="local: runs at a time (default 1)")
    sub.add_argument(
        "--scheduler", metavar="ADDRESS", help="dask: its scheduler, such as tcp://10.0.0.1:8786"
    )
    sub.add_argument("--device", default="cpu", help="cpu (default), cuda, ...")
    add_runs(sub)

    sub = add("collate", _collate, "Write the finished runs into the tables that the book shows.")
    sub.add_argument("name", nargs="?", help="name of an experiment")
    sub.add_argument("--all", action="store_true", help="every experiment that has runs")
    add_preset(sub)
    add_runs(sub)
    sub.add_argument("--results", metavar="DIR", default="book/results", help="tables (default book/results)")

    sub = add("confirm", _confirm, "Make a few stored runs again and compare their numbers.")
    sub.add_argument("name", help="name of an experiment: see list")
    sub.add_argument("--preset", help="only runs of this preset (default: of any)")
    sub.add_argument("--runs", type=int, default=3, metavar="N", help="how many runs (default 3)")
    sub.add_argument("--seed", type=int, default=0, help="which of the quick runs are drawn (default 0)")
    sub.add_argument("--device", default="cpu", help="cpu (default), cuda, ...")

    sub = add("migrate", _migrate, "Convert run files and tables of mtlcore 0.3 to today's names of methods.")
    add_runs(sub)
    sub.add_argument("--results", metavar="DIR", default="book/results", help="tables (default book/results)")

    add("data", _data, "List the files of the data sets, and whether they are in the cache and intact.")

    sub = add("bench", _bench, "Compare the cost of training steps with its limits.")
    sub.add_argument(
        "--quick", action="store_true", help="few turns; status 1 if a limit is exceeded twofold"
    )
    sub.add_argument("--device", default="cpu", help="cpu (default), cuda, ...")
    sub.add_argument("--out", metavar="FILE.csv", help="write the rows to a file as well")

    sub = add("colour", _colour, "Propose colours for a new method, the most distinct first.")
    sub.add_argument("family", help="losses, gradients, auxiliary or samples")
    return parser


if __name__ == "__main__":
    sys.exit(main())
