"""The contenders, each in a process of its own, so that none runs under another's settings."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from tests.benchmarks import arrays, chains, models, networks
from tests.benchmarks.workload import Array, Library, Step, Workload, as_array

WORKLOADS = networks.WORKLOADS | chains.WORKLOADS | arrays.WORKLOADS | models.WORKLOADS
LONG = chains.LONG
STEPS_CHECKED = 3

# The time of the processor, not of the clock, where it is exact: other programs then count less.
exact = time.get_clock_info("process_time").resolution < 1e-6
clock = time.process_time if exact else time.perf_counter


def workload_named(name: str) -> Workload:
    return (WORKLOADS | LONG)[name]


def runs(contender: str, workload: Workload) -> bool:
    """Whether a contender is installed and has this workload."""
    if contender in ("numpy", "minigrad"):
        return True
    has_it = contender == "torch" or contender in workload.others
    return has_it and find_spec(contender) is not None


def library(name: str) -> Library:
    torch = importlib.import_module(name)
    if name == "torch":
        torch.set_num_threads(1)
    return Library(torch, torch.nn, torch.nn.functional, torch.optim)


def prepare(contender: str, workload: Workload) -> Step:
    """The contender's step, with data of its own."""
    data = workload.data()
    if contender == "numpy":
        return workload.by_hand(data)
    if contender in workload.others:
        return workload.others[contender](data)
    return workload.program(library(contender), data)


def answers(step: Step) -> list[Array]:
    """What a contender computes: all of its first step, and the loss of the next ones.

    A later loss shows what the update did. Later gradients would not do: where a rounding error
    moves an entry across the kink of relu, they jump.
    """
    first = [as_array(answer) for answer in step()]
    return first + [as_array(step()[0]) for _ in range(STEPS_CHECKED - 1)]


def seconds(step: Step, steps: int) -> float:
    """The time of one step, after one that warms the caches up."""
    step()
    start = clock()
    for _ in range(steps):
        step()
    return (clock() - start) / steps


def peak_bytes(step: Step) -> int:
    """By how much one step raises the largest memory this process has ever held."""
    import resource

    def peak() -> int:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024

    before = peak()
    step()
    return peak() - before


def serve(contender: str, pipe: Any) -> None:
    """A process's life: ("seconds", workload, steps) comes in, an answer goes out; None ends it."""
    tasks: dict[str, Callable[..., Any]] = {
        "answers": answers, "seconds": seconds, "peak_bytes": peak_bytes
    }  # fmt: skip
    current, step = "", None
    while (message := pipe.recv()) is not None:
        task, name, *arguments = message
        if name != current:
            step = (
                None  # One workload at a time: what another left behind would slow the collector.
            )
            current, step = name, prepare(contender, workload_named(name))
        gc.collect()
        pipe.send(tasks[task](step, *arguments))


class Contender:
    """A process that runs workloads on request."""

    def __init__(self, name: str) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(name, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, task: str, workload: str, *arguments: Any) -> Any:
        self.pipe.send((task, workload, *arguments))
        try:
            return self.pipe.recv()
        except EOFError:
            raise RuntimeError(f"{self.name} ended in {workload}; its error is above") from None

    def end(self) -> None:
        self.pipe.send(None)
        self.process.join()
