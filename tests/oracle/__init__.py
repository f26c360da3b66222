"""PyTorch is the oracle: a case is typed once as PyTorch code, and run under torch and minigrad.

A case is a line of code over named inputs (`tables.py`) or a function in `programs.py`. What it
gives is kept as records: dtype, shape, values, and the gradient of every input. The records made by
torch are in `recording.json`, one case a line, so that no test needs torch; the module is a command
(`python -m tests.oracle`) that brings the file up to date.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

RECORDING = Path(__file__).with_name("recording.json")
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}

ANYTHING = "where torch raises, anything goes"

Records = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """Code to run under both libraries; `inputs` become the leaves `x`, `y`, `z`."""

    name: str
    code: str | Callable[[Any], Any]
    inputs: tuple[Any, ...] = ()


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """Distinct numbers between -2 and 2, none an integer, exact in float32, the same everywhere."""
    order = np.random.RandomState(seed).permutation(4096)[: int(np.prod(shape, dtype=int))]
    return np.asarray((order - 2047.5) / 1024).reshape(shape)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    """Distinct numbers between 0.5 and 2.5."""
    return numbers(*shape, seed=seed) / 2 + 1.5


def unit(*shape: int, seed: int = 0) -> np.ndarray:
    """Distinct numbers between -1 and 1."""
    return numbers(*shape, seed=seed) / 2


def words(text: str, between: str | None = None) -> list[str]:
    """The words of a text, or what stands between bars."""
    return (text.replace("\n", "") if between else text).split(between)


Table = dict[str, list[tuple[Any, ...]]]


def lines(code: str, inputs: list[tuple[Any, ...]] | None = None) -> Table:
    """Code, separated by line ends or wide gaps, each with every tuple of the same inputs."""
    return {line: inputs or [()] for line in re.split(r"\s*\n\s*|\s{3,}", code.strip())}


def calls(code: str, inputs: list[tuple[Any, ...]], *words: list[str]) -> Table:
    """`code` with every combination of words in its gaps, each with the same inputs."""
    return {code.format(*chosen): inputs for chosen in product(*words)}


# ---------------------------------------------------------------- run a case


def run(case: Case, torch: Any, dtype: str = "float64") -> Records:
    """The records of what `case` gives under `torch`, and of the gradients of its inputs."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if callable(case.code):
            return dict(flatten("result", case.code(torch)))
        leaves = {
            name: torch.tensor(value, dtype=getattr(torch, dtype), requires_grad=True)
            for name, value in zip("xyz", map(values_of, case.inputs, range(3)), strict=False)
        }
        result = execute(case.code, torch, leaves)
        records = dict(flatten("result", result))
        if backward(result, torch):
            records |= {f"{name}.grad": record(leaf.grad) for name, leaf in leaves.items()}
        return records


def values_of(given: Any, seed: int) -> np.ndarray:
    """An input as a table has it: a tuple is a shape to fill, anything else is the numbers."""
    return numbers(*given, seed=seed) if isinstance(given, tuple) else np.asarray(given, float)


def execute(code: str, torch: Any, names: dict[str, Any]) -> Any:
    """Execute statements separated by `;` and give the value of the last one."""
    *statements, last = parse(code)
    scope = {"torch": torch, "np": np, "numbers": numbers, "pad": padding(torch), **names}
    for statement in statements:
        exec(statement, scope)
    return eval(last, scope)


@cache
def parse(code: str) -> tuple[Any, ...]:
    """The compiled statements of `code`, then the compiled expression at its end (or None)."""
    *body, end = ast.parse(code).body
    if not isinstance(end, ast.Expr):
        body, end = [*body, end], ast.Expr(ast.Constant(None))
    whole = ast.fix_missing_locations(ast.Expression(end.value))
    statements = (compile(ast.Module([statement], []), code, "exec") for statement in body)
    return (*statements, compile(whole, code, "eval"))


def padding(torch: Any) -> Any:
    """PyTorch keeps `pad` in `torch.nn.functional`; minigrad has it on top as well."""
    return getattr(torch, "pad", None) or torch.nn.functional.pad


def backward(result: Any, torch: Any) -> bool:
    """Go back from every output that asks for it, weighed with fixed numbers of its own."""
    outputs = result if isinstance(result, (tuple, list)) else [result]
    losses = [
        (output * torch.tensor(numbers(*output.shape, seed=100 + i), dtype=output.dtype)).sum()
        for i, output in enumerate(outputs)
        if getattr(output, "requires_grad", False)
    ]
    if losses:
        sum(losses[1:], losses[0]).backward()
    return bool(losses)


# ---------------------------------------------------------------- collect what it gave


def flatten(name: str, result: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every tensor, array and Python value in `result`, each under a name of its own."""
    if isinstance(result, dict):
        for key, value in result.items():
            yield from flatten(str(key), value)
    elif isinstance(result, (list, tuple)) and any(hasattr(v, "dtype") for v in result):
        for i, value in enumerate(result):
            yield from flatten(f"{name}[{i}]", value)
    else:
        yield name, record(result)


def record(value: Any) -> dict[str, Any]:
    """What must be equal: of a tensor dtype, shape, need of a gradient and values."""
    if hasattr(value, "requires_grad"):
        array = np.asarray(value.detach().numpy())
        return {
            "tensor": str(value.dtype).split(".")[-1],
            "shape": list(value.shape),
            "values": array.ravel().tolist(),
            "grad": bool(value.requires_grad),
        }
    if isinstance(value, (np.ndarray, np.generic)):
        values = value.ravel().tolist()
        return {"array": str(value.dtype), "shape": list(value.shape), "values": values}
    if isinstance(value, (list, tuple)):  # torch.Size is a tuple too
        return {"python": "tuple" if isinstance(value, tuple) else "list", "value": list(value)}
    if isinstance(value, (bool, int, float, str)) or value is None:
        return {"python": type(value).__name__, "value": value}
    return {"python": "dtype", "value": str(value).split(".")[-1]}


# ---------------------------------------------------------------- compare


def differences(expected: Records, got: Records, dtype: str = "float64") -> list[str]:
    """Where the records differ, in words: names, then dtypes and shapes, and only then values."""
    if expected.keys() != got.keys():
        return [f"gives {list(got)}, expected {list(expected)}"]
    found = {name: differs(expected[name], got[name], dtype) for name in expected}
    return [f"{name} {difference}" for name, difference in found.items() if difference]


def differs(
    expected: dict[str, Any],
    got: dict[str, Any],
    dtype: str = "float64",
    tolerance: dict[str, float] = TOLERANCE,
) -> str:
    """How two records differ, or an empty string."""
    if expected.get("value") == ANYTHING:
        return ""
    dtype = expected.get("tensor", dtype) if expected.get("tensor") in TOLERANCE else dtype
    for key in ("tensor", "array", "python", "shape", "grad"):
        if expected.get(key) != got.get(key):
            return f"has {key} {got.get(key)}, expected {expected.get(key)}"
    if "values" not in expected:
        same = expected["value"] == got["value"]
        same = same or close(expected["value"], got["value"], tolerance[dtype])
        return "" if same else f"is {got['value']!r}, expected {expected['value']!r}"
    if close(expected["values"], got["values"], tolerance[dtype]):
        return ""
    return f"is {got['values']}, expected {expected['values']}"


def close(expected: Any, got: Any, tolerance: float) -> bool:
    """Equal up to rounding, measured by the biggest finite number expected; nan equals nan."""
    try:
        a, b = np.asarray(expected, float), np.asarray(got, float)
    except (TypeError, ValueError):
        return False
    biggest = np.max(np.abs(a), where=np.isfinite(a), initial=1e-300)
    return a.shape == b.shape and np.allclose(
        b, a, rtol=tolerance, atol=tolerance * float(biggest), equal_nan=True
    )


def in_single(records: Records) -> Records:
    """The records to expect of a case whose inputs are float32 where these were float64."""
    return {
        name: {**r, "tensor": "float32"} if r.get("tensor") == "float64" else r
        for name, r in records.items()
    }


# ---------------------------------------------------------------- keep the recording


def load(path: Path = RECORDING) -> dict[str, Records]:
    """What torch gave when the recording was made, for every case."""
    recording: dict[str, Records] = json.loads(path.read_text()) if path.exists() else {}
    return recording


def save(recording: dict[str, Records], path: Path = RECORDING) -> None:
    """Write one case a line, in the order of the tables."""
    lines = (
        f"{json.dumps(name)}: {json.dumps(records, separators=(',', ':'))}"
        for name, records in recording.items()
    )
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
