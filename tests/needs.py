"""What some tests need and not every machine has: a browser, PyTorch, safetensors."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]


def unavailable(reason: str) -> None:
    """Skip, except where everything must run."""
    if os.environ.get("MINIGRAD_STRICT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def installed_torch() -> ModuleType:
    try:
        import torch
    except ImportError:
        unavailable("torch is not installed")
    return torch


def installed_safetensors() -> ModuleType:
    """Its module for PyTorch, which is needed too."""
    installed_torch()
    try:
        import safetensors.torch
    except ImportError:
        unavailable("safetensors is not installed")
    return safetensors.torch


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed: pip install playwright")
    names = ["chromium", "chromium-browser", "google-chrome"]
    path = next((found for name in names if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Exception as error:
            unavailable(f"no Chromium can be started: {str(error).splitlines()[0]}")
        yield running
        running.close()
