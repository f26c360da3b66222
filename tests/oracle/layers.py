"""Layers, their starts and utilities, typed as PyTorch code; `tables.py` says how."""

from __future__ import annotations

from . import Table

GROUPS: dict[str, list[Table]] = {}

RAISES: dict[type[Exception], Table] = {}

ON_PURPOSE: dict[str, str] = {}
