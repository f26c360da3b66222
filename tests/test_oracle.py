"""minigrad gives what PyTorch gives: dtypes, shapes, values, gradients, and errors.

The programs are in `tests/oracle`. They are compared with a recording, so that torch is not needed;
where torch is installed the recording is checked as well (and must be, under MINIGRAD_STRICT=1).
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minigrad
from tests.needs import installed_torch
from tests.oracle import Case, Records, differences, in_single, load, run
from tests.oracle.tables import CASES, LATER, ON_PURPOSE, RAISING, is_asked

RECORDING = load()
NOW = [case for case in CASES if is_asked(case)]
SINGLE = [case for case in NOW if case.inputs and "float64" not in str(case.code)]


def named(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return installed_torch()


# ---------------------------------------------------------------- minigrad against the recording


@named(NOW)
def test_as_in_torch(case: Case) -> None:
    assert not differences(RECORDING[case.name], run(case, minigrad))


@named(SINGLE)
def test_as_in_torch_in_single_precision(case: Case) -> None:
    expected = RECORDING.get(f"{case.name} float32") or in_single(RECORDING[case.name])
    assert not differences(expected, run(case, minigrad, "float32"), "float32")


@pytest.mark.parametrize(
    ("error", "case"), [pytest.param(e, c, id=c.name) for e, c in RAISING if is_asked(c)]
)
def test_raises_as_in_torch(error: type[Exception], case: Case) -> None:
    with pytest.raises(error):
        run(case, minigrad)


def test_what_comes_later_is_not_there_yet() -> None:
    """When a name appears, take it off the list, and its lines are asked for."""
    assert not [name for name in LATER if hasattr(minigrad, name) or hasattr(minigrad.Tensor, name)]


def test_what_differs_on_purpose_is_a_case() -> None:
    cases = [*CASES, *(case for _, case in RAISING)]
    assert ON_PURPOSE.keys() <= {case.name for case in cases}


# ---------------------------------------------------------------- the recording against torch


def test_recording_is_current(torch: ModuleType) -> None:
    """Mended by `python -m tests.oracle`."""
    stale = [case.name for case in CASES if differences(RECORDING[case.name], run(case, torch))]
    assert not stale


def test_recording_in_single_precision_is_current(torch: ModuleType) -> None:
    stale = []
    for case in SINGLE:
        expected = RECORDING.get(f"{case.name} float32") or in_single(RECORDING[case.name])
        if differences(expected, run(case, torch, "float32"), "float32"):
            stale.append(case.name)
    assert not stale


def test_recording_has_no_case_too_many() -> None:
    known = {case.name for case in CASES}
    assert known == {name.removesuffix(" float32") for name in RECORDING}


def test_torch_raises_too(torch: ModuleType) -> None:
    for error, case in RAISING:
        with pytest.raises(error) as caught:
            run(case, torch)
        assert caught.type is error, case.name


# ---------------------------------------------------------------- the comparison can fail


def compared(expected: Any, got: Any) -> list[str]:
    return differences(records(expected), records(got))


def records(array: Any) -> Records:
    tensor = minigrad.tensor(array) if isinstance(array, np.ndarray) else array
    return run(Case("", lambda torch: tensor), minigrad)


VECTOR = np.array([1.0, -2.0, 3.0])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (VECTOR[None], "has shape [1, 3], expected [3]"),
        (VECTOR[:, None], "has shape [3, 1], expected [3]"),
        (np.array(1.0), "has shape [], expected [3]"),
        (VECTOR.astype(np.float32), "has tensor float32, expected float64"),
        (VECTOR.astype(int), "has tensor int64, expected float64"),
        (-VECTOR, "is [-1.0"),
        (VECTOR + 1e-6, "is [1.000001"),
        (VECTOR * (1 + 1e-10), "is [1.0000000001"),
        (VECTOR * [1, 1, np.nan], "is [1.0"),
        ([1.0, -2.0, 3.0], "has tensor None"),
        (None, "has tensor None"),
    ],
)
def test_a_wrong_result_is_seen(wrong: Any, words: str) -> None:
    assert not compared(VECTOR, VECTOR.copy())
    [difference] = compared(VECTOR, wrong)
    assert words in difference


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("x * 2", "x.grad is"),
        ("x * 1", "result is"),
        ("(x * 3).detach()", "gives"),
        ("x * 3, x", "gives"),
        ("x.detach() * 3 + 0 * x", "x.grad is"),
        ("(x * 3)[None]", "result has shape"),
    ],
)
def test_a_wrong_gradient_is_seen(wrong: str, words: str) -> None:
    right = run(Case("", "x * 3", ((2,),)), minigrad)
    code = wrong if wrong != "x * 2" else "x * 2 + x.detach()"
    assert any(words in d for d in differences(right, run(Case("", code, ((2,),)), minigrad)))


def test_single_precision_is_told_from_double() -> None:
    right = run(Case("", "x * 3", ((2,),)), minigrad)
    single = run(Case("", "x * 3", ((2,),)), minigrad, "float32")
    assert differences(right, single) and not differences(in_single(right), single, "float32")
