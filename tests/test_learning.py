"""What chapters 15 and 16 say about learning, asked of the library and of PyTorch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from tests.chapters import ROOT, cells
from tests.needs import installed_torch

POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
BITS = [0, 1, 1, 0]


def learned(seed: int, outputs: int, loss_of: Any, target: Any) -> tuple[float, Any]:
    """The last of 500 losses, and the outputs after it."""
    mg.manual_seed(seed)
    x = mg.tensor(POINTS)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, outputs))
    optimizer = mg.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for _ in range(500):
        optimizer.zero_grad()
        loss = loss_of(model(x), target)
        loss.backward()
        optimizer.step()
    return loss.item(), model(x).detach().numpy()


@pytest.mark.parametrize("seed", range(20))
def test_xor_is_learned_from_every_seed(seed: int) -> None:
    loss, scores = learned(seed, 2, nn.CrossEntropyLoss(), mg.tensor(BITS))
    assert loss < 0.01
    assert scores.argmax(1).tolist() == BITS


@pytest.mark.parametrize("seed", range(20))
def test_one_hot_rows_are_the_same_target(seed: int) -> None:
    one_hot = mg.tensor(np.eye(2, dtype=np.float32)[BITS])
    loss, scores = learned(seed, 2, nn.CrossEntropyLoss(), one_hot)
    assert loss < 0.01
    assert scores.argmax(1).tolist() == BITS


def test_one_sigmoid_output_is_enough() -> None:
    bits = mg.tensor(BITS).float()[:, None]
    loss, score = learned(0, 1, nn.BCEWithLogitsLoss(), bits)
    assert loss < 0.01
    assert (score[:, 0] > 0).tolist() == [bit == 1 for bit in BITS]


def program() -> dict[str, Any]:
    """The cell of chapter 16 that is said to run under PyTorch."""
    found = cells(ROOT / "book" / "16_regression.ipynb", "code")
    (cell,) = [c for c in found if c["source"].startswith("import minigrad as torch")]
    return cell


def test_the_curve_gives_the_losses_of_torch() -> None:
    torch = installed_torch()
    code = program()["source"].replace("import minigrad as torch", "import torch")
    names: dict[str, Any] = {}
    try:
        exec(code.replace("from minigrad import nn", "from torch import nn"), names)
    finally:
        torch.set_default_dtype(torch.float32)
    assert names["torch"] is torch
    printed = [float(text) for text in re.findall(r"\d+\.\d{12}", str(program()["outputs"]))]
    assert len(printed) == 6
    np.testing.assert_allclose(printed, names["losses"][::20], rtol=0, atol=1e-10)


def test_the_losses_of_torch_that_the_page_shows_are_those() -> None:
    found = cells(ROOT / "book" / "16_regression.ipynb", "code")
    (cell,) = [c for c in found if c["source"].startswith("pytorch = ")]
    assert "equal to 1e-10: True" in str(cell["outputs"])
    shown = [float(text) for text in re.findall(r"\d+\.\d{12}", cell["source"])]
    printed = [float(text) for text in re.findall(r"\d+\.\d{12}", str(program()["outputs"]))]
    np.testing.assert_allclose(shown, printed, rtol=0, atol=1e-10)
