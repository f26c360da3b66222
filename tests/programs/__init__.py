"""Whole programs, written for PyTorch and run as they are under torch and under minigrad.

Every other file of this folder is one: it imports torch and leaves what it found in `results`. The
records made by torch are in `recording.json`, so that no test needs torch; the module is a command
(`python -m tests.programs`) that brings the file up to date.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.oracle import Records, differs, record

FOLDER = Path(__file__).parent
RECORDING = FOLDER / "recording.json"
PROGRAMS = sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_"))
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def run(program: str, library: str) -> Records:
    """What a program reports when it gets `library` wherever it imports torch."""

    def imported(name: str, *rest: Any) -> Any:
        root, dot, inside = name.partition(".")
        return __import__(f"{library if root == 'torch' else root}{dot}{inside}", *rest)

    path = FOLDER / f"{program}.py"
    scope = {
        "__name__": program,
        "__builtins__": {**vars(builtins), "__import__": imported},
    }
    torch = import_module(library)
    usual = torch.get_default_dtype()
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(path.read_text(), path, "exec"), scope)
    finally:
        torch.set_default_dtype(usual)
    found = {"printed": record(printed.getvalue())}
    found |= dict(flatten("", scope["results"]))
    records: Records = json.loads(json.dumps(found))  # as a recording gives them: lists for tuples
    return records


def flatten(name: str, result: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every tensor, array and Python value in `result`, each under the path that leads to it."""
    if isinstance(result, dict):
        for key, value in result.items():
            yield from flatten(f"{name}/{key}".lstrip("/"), value)
    elif isinstance(result, (list, tuple)) and any(hasattr(v, "dtype") for v in result):
        for i, value in enumerate(result):
            yield from flatten(f"{name}[{i}]", value)
    else:
        yield name, record(result)


def differences(expected: Records, got: Records, dtype: str) -> list[str]:
    """Where the records differ, in words: the names and their order, then dtypes, then values."""
    if list(expected) != list(got):
        return [f"gives {list(got)}, expected {list(expected)}"]
    found = {name: differs(expected[name], got[name], dtype, TOLERANCE) for name in expected}
    return [f"{name} {difference}" for name, difference in found.items() if difference]


def precision(program: str) -> str:
    """The dtype a program computes in: PyTorch's default, unless it names the other one."""
    source = (FOLDER / f"{program}.py").read_text()
    return "float64" if "float64" in source or ".double()" in source else "float32"
