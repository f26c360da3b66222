# Exported from book/19_machine.ipynb: change it there, not here.
"""What a rule says of itself: its source, taken apart into the value and the pullbacks."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any


def source_of(rule: Callable[..., Any]) -> str:
    """The text of a rule as it was written, or nothing where no file holds it."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(rule))).strip()
    except (OSError, TypeError):
        return ""


def parts_of(rule: Callable[..., Any]) -> list[str]:
    """What a rule returns, as text: its value, then for each pullback what it makes of g."""
    source = source_of(rule)
    statements = ast.parse(source).body if source else []
    body = statements[0].body if statements and isinstance(statements[0], ast.FunctionDef) else []
    returned = [x.value for x in body if isinstance(x, ast.Return)]
    if len(returned) != 1 or not isinstance(returned[0], ast.Tuple):
        return []
    return [ast.unparse(x.body if isinstance(x, ast.Lambda) else x) for x in returned[0].elts]
