"""The benchmark's contenders compute the same numbers; nothing here is timed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.benchmarks import contenders
from tests.benchmarks.workload import Workload, assert_same
from tests.needs import installed_torch

WORKLOADS = sorted(contenders.WORKLOADS)


RUNS = [
    (who, name)
    for who in ("minigrad", "micrograd")  # micrograd has one workload, and may not be installed
    for name in WORKLOADS
    if contenders.runs(who, contenders.WORKLOADS[name])
]


@pytest.fixture
def usual_recursion() -> Iterator[None]:
    """micrograd walks its graph by recursion and needs a higher limit: put it back afterwards."""
    limit = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("usual_recursion")
@pytest.mark.parametrize(("who", "name"), RUNS)
def test_a_contender_computes_what_numpy_computes_by_hand(who: str, name: str) -> None:
    assert_agrees(who, contenders.WORKLOADS[name])


@pytest.mark.parametrize("name", WORKLOADS)
def test_pytorch_computes_what_numpy_computes_by_hand(name: str) -> None:
    installed_torch()
    assert_agrees("torch", contenders.WORKLOADS[name])


def test_a_wrong_gradient_is_found_out() -> None:
    workload = contenders.WORKLOADS["xor"]
    right = contenders.answers(contenders.prepare("numpy", workload))
    wrong = [right[0], right[1] * (1 + 1e-9), *right[2:]]
    with pytest.raises(AssertionError, match="xor, answer 1: wrong by"):
        assert_same(wrong, right, "xor")


def test_a_flat_gradient_is_not_the_gradient() -> None:
    workload = contenders.WORKLOADS["xor"]
    right = contenders.answers(contenders.prepare("numpy", workload))
    wrong = [right[0], right[1].ravel(), *right[2:]]
    with pytest.raises(AssertionError, match=r"xor, answer 1: \(16,\) \(8, 2\)"):
        assert_same(wrong, right, "xor")


HEAVY = ["urllib.request", "ssl", "email", "http.client", "matplotlib", "tqdm", "graphviz", "torch"]


def test_an_import_brings_in_nothing_heavy() -> None:
    code = f"import sys, minigrad; print(*(name for name in {HEAVY} if name in sys.modules))"
    assert not subprocess.check_output([sys.executable, "-c", code], text=True).split()


def assert_agrees(contender: str, workload: Workload) -> None:
    """The same gradients in the first step, and the same losses after the updates."""
    expected = contenders.answers(contenders.prepare("numpy", workload))
    found = contenders.answers(contenders.prepare(contender, workload))
    assert_same(found, expected, contender)
