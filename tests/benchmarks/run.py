"""Print how long a step takes in minigrad, over hand-written NumPy and over PyTorch.

    python tests/benchmarks/run.py                      all rows, then import time
    python tests/benchmarks/run.py xor mnist            these rows
    python tests/benchmarks/run.py --long               also chains of up to a million operations
    python tests/benchmarks/run.py --memory chain-100k  peak memory of one step

Every contender is a process of its own with one thread. They take turns of a few hundredths of a
second; ratios are taken inside a round of turns, and the table shows their medians. Before a row is
timed, all contenders must have computed the same numbers. Only ratios mean something: the machine
may be busy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])
for threads in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
    os.environ[f"{threads}_NUM_THREADS"] = "1"

# The threads are set and the repository is found; now NumPy may be imported.
from tests.benchmarks.contenders import LONG, WORKLOADS, Contender, runs, workload_named  # noqa: E402
from tests.benchmarks.workload import Workload, assert_same  # noqa: E402

CONTENDERS = ("numpy", "minigrad", "torch", "micrograd")
Times = dict[str, list[float]]


def check(name: str, contenders: dict[str, Contender]) -> None:
    """All contenders compute the same numbers, in the first steps from the same start."""
    found = {who: contender.ask("answers", name) for who, contender in contenders.items()}
    for who, answers in found.items():
        assert_same(answers, found["numpy"], f"{name}: {who}")


def race(name: str, contenders: dict[str, Contender], rounds: int, turn: float) -> Times:
    """Seconds per step, one entry a round. Each round starts with another contender."""
    first = {who: contender.ask("seconds", name, 1) for who, contender in contenders.items()}
    steps = {who: max(1, round(turn / max(once, 1e-6))) for who, once in first.items()}
    times: Times = {who: [] for who in contenders}
    order = list(contenders)
    for _ in range(rounds):
        order.append(order.pop(0))
        for who in order:
            times[who].append(contenders[who].ask("seconds", name, steps[who]))
    return times


def measure(name: str, rounds: int, turn: float, only: list[str]) -> dict[str, Any]:
    """One row: start the contenders, check them, let them race."""
    workload = workload_named(name)
    here = [who for who in CONTENDERS if who in only and runs(who, workload)]
    contenders = {who: Contender(who) for who in here}
    try:
        check(name, contenders)
        times = race(name, contenders, rounds, turn)
    finally:
        for contender in contenders.values():
            contender.end()
    return summary(workload, times)


def summary(workload: Workload, times: Times) -> dict[str, Any]:
    """The medians: seconds of the limit for one operation, and ratios round by round."""

    def over(who: str, whom: str) -> float | None:
        if who not in times or whom not in times:
            return None
        return median(a / b for a, b in zip(times[who], times[whom], strict=True))

    return {
        "title": workload.title,
        "seconds": median(times["numpy"]) / workload.per,
        "minigrad / numpy": over("minigrad", "numpy"),
        "target / numpy": workload.target.limit,
        "minigrad / torch": over("minigrad", "torch"),
        "target / torch": workload.target.torch,
        "torch / numpy": over("torch", "numpy"),
        "minigrad / micrograd": over("minigrad", "micrograd"),
    }


def imports(module: str, rounds: int = 11) -> float:
    """Median seconds of an import after NumPy's, each in a new process, with compiled files."""
    timed = f"start = clock(); import {module}; print(clock() - start)"
    code = f"import numpy; from time import perf_counter as clock; {timed}"
    path = os.pathsep.join(filter(None, [sys.path[0], os.environ.get("PYTHONPATH")]))
    with TemporaryDirectory() as compiled:
        env = {**os.environ, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": compiled}
        env.pop("PYTHONDONTWRITEBYTECODE", None)

        def once() -> float:
            return float(subprocess.check_output([sys.executable, "-c", code], env=env))

        once()
        return median(once() for _ in range(rounds))


def memory(name: str) -> dict[str, float]:
    """Peak megabytes of one step in a fresh process, above what it held before."""
    used = {}
    for who in CONTENDERS:
        if runs(who, workload_named(name)):
            contender = Contender(who)
            used[who] = contender.ask("peak_bytes", name) / 1e6
            contender.end()
    return used


def duration(seconds: float) -> str:
    scale, unit = (1e3, "ms") if seconds >= 1e-3 else (1e6, "µs")
    return f"{seconds * scale:.3g} {unit}"


def ratio(value: float | None, target: float | None = None) -> str:
    """A ratio, with its target behind it; an exclamation mark where it is missed."""
    if value is None:
        return "-"
    goal = "" if target is None else f" (≤ {target:g})"
    return f"{value:.3g}{goal}" + ("" if target is None or value <= target else " !")


HEADINGS = ("one step", "NumPy", "minigrad / NumPy", "minigrad / PyTorch", "PyTorch / NumPy")
WIDTHS = (62, 9, 19, 20, 16)


def line(cells: tuple[str, ...]) -> str:
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def table_row(row: dict[str, Any]) -> str:
    text = line((
        row["title"], duration(row["seconds"]),
        ratio(row["minigrad / numpy"], row["target / numpy"]),
        ratio(row["minigrad / torch"], row["target / torch"]),
        ratio(row["torch / numpy"]),
    ))  # fmt: skip
    if row["minigrad / micrograd"] is not None:
        text += f"\n    over micrograd: {ratio(row['minigrad / micrograd'], 1)}"
    return text


def arguments() -> argparse.Namespace:
    known = [*WORKLOADS, *LONG]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="workload", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=15, help="rounds of turns (15)")
    parser.add_argument("--turn", type=float, default=0.03, help="seconds of a turn (0.03)")
    parser.add_argument("--only", nargs="+", default=CONTENDERS, help="contenders besides NumPy")
    parser.add_argument("--long", action="store_true", help="also the long chains")
    parser.add_argument("--memory", action="store_true", help="peak memory instead of time")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    if unknown := set(options.workloads) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return options


def main() -> None:
    options = arguments()
    names = options.workloads or [*WORKLOADS, *(LONG if options.long else ())]
    figures: dict[str, Any] = {}
    if options.memory:
        for name in names:
            figures[name] = memory(name)
            megabytes = (f"{who} {used:,.0f} MB" for who, used in figures[name].items())
            print(f"{workload_named(name).title}: {', '.join(megabytes)}", flush=True)
    else:
        print(line(HEADINGS), flush=True)
        for name in names:
            figures[name] = measure(name, options.rounds, options.turn, ["numpy", *options.only])
            print(table_row(figures[name]), flush=True)
        if not options.workloads:
            figures["import"] = imports("minigrad")
            print(f"import minigrad, after NumPy: {duration(figures['import'])} (≤ 20 ms)")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
