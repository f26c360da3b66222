"""Ordinary PyTorch training programs run unchanged, and minigrad gives what PyTorch gives.

The programs are in `tests/programs`. They are compared with a recording, so that torch is not
needed; where torch is installed the recording is checked as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import minigrad
from tests.needs import installed_torch
from tests.oracle import load
from tests.programs import FOLDER, PROGRAMS, RECORDING, differences, flatten, precision, run

RECORDED = load(RECORDING)


@pytest.fixture(scope="module")
def torch() -> Iterator[ModuleType]:
    """With one thread: many would wait for each other on a busy machine."""
    torch = installed_torch()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


@pytest.mark.parametrize("program", PROGRAMS)
def test_as_in_torch(program: str) -> None:
    assert not differences(RECORDED[program], run(program, "minigrad"), precision(program))


@pytest.mark.parametrize("program", PROGRAMS)
def test_recording_is_current(program: str, torch: ModuleType) -> None:
    """Mended by `python -m tests.programs`."""
    assert not differences(RECORDED[program], run(program, "torch"), precision(program))


def test_there_are_enough() -> None:
    assert len(PROGRAMS) >= 25 and list(RECORDED) == PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_knows_torch_only(program: str) -> None:
    lines = (FOLDER / f"{program}.py").read_text().splitlines()
    assert any(line.startswith(("import torch", "from torch")) for line in lines)
    assert not any("minigrad" in line or "tests" in line for line in lines)
    assert 20 <= len(lines) <= 90


# ---------------------------------------------------------------- the comparison can fail


def compared(expected: Any, got: Any, dtype: str = "float64") -> list[str]:
    return differences(dict(flatten("x", expected)), dict(flatten("x", got)), dtype)


@pytest.mark.parametrize(
    ("expected", "got", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], "x is [1.0"),
        ([1.0, 2.0], [1.0], "x is [1.0]"),
        ("Linear", "linear", "x is 'linear'"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "gives ['x/b', 'x/a'], expected ['x/a', 'x/b']"),
        ([minigrad.ones(2)], [minigrad.ones(1, 2)], "x[0] has shape [1, 2]"),
        (minigrad.ones(2), minigrad.ones(2, dtype=minigrad.float64), "x has tensor float64"),
        (minigrad.ones(2), minigrad.ones(2) + 1e-3, "x is [1.00"),
    ],
)
def test_a_wrong_result_is_seen(expected: Any, got: Any, words: str) -> None:
    assert not compared(expected, expected)
    [difference] = compared(expected, got)
    assert difference.startswith(words)


def test_a_program_gets_the_library_it_is_run_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minigrad.Tensor, "backward", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("linear_regression", "minigrad")
