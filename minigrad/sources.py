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
    named = {x.name: x.body[-1] for x in body if isinstance(x, ast.FunctionDef)}
    return [ast.unparse(result_of(x, named)) for x in returned[0].elts]


def result_of(x: ast.expr, named: dict[str, ast.stmt]) -> ast.AST:
    """What a pullback returns, be it a lambda or a function with a name."""
    if isinstance(x, ast.Lambda):
        return x.body
    last = named.get(x.id) if isinstance(x, ast.Name) else None
    return last.value or x if isinstance(last, ast.Return) else x
