"""What several tests ask of the notebooks: their paths, cells and tags."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import export  # noqa: E402

NOTEBOOKS = export.chapters()
NUMBERS = sorted({export.chapter_number(path) for path in NOTEBOOKS} - {0})


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    """The cells of one kind, with their source as one string."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in found:
        cell["source"] = "".join(cell["source"])
    return [cell for cell in found if cell["cell_type"] == kind and cell["source"].strip()]


def tags(cell: dict[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))
