# Exported from book/19_machine.ipynb: change it there, not here.
"""Looking on while operations run: what anomaly mode and the profiler share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.engine import Node, state


class Watcher:
    """Is asked about every operation on tensors, from the start of a `with` block to its end."""

    def start(self) -> None:
        state.around += (self.watch,)

    def stop(self) -> None:
        state.around = tuple([x for x in state.around if x != self.watch])

    def watch(self, operation: Any, rule: Any, inputs: Any, options: Any) -> Any:
        return operation(*inputs, **options)

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()


def wrap_pullbacks(result: Any, wrap: Callable[[Any, int], Any]) -> None:
    """Put something around each pullback of a result: wrap(pullback, which input) replaces it."""
    if isinstance(result, Node) and result.edges:
        result.edges = tuple([(x, wrap(back, place), place) for x, back, place in result.edges])
