"""fit, its history, and what it says when a training goes wrong (chapter 14)."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, training
from minigrad.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR
from minigrad.training import accuracy, evaluate, first_nonfinite, fit, predict
from minigrad.utils.data import DataLoader, TensorDataset, random_split
from tests.needs import installed_torch

CE = nn.CrossEntropyLoss()


def points(n: int = 60) -> TensorDataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 2)).astype(np.float32)
    return TensorDataset(mg.tensor(x), mg.tensor((x[:, 0] * x[:, 1] > 0).astype(np.int64)))


def network(seed: int = 0) -> nn.Sequential:
    mg.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))


def sgd(model: Any, lr: float = 0.1) -> Any:
    return mg.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def trained(epochs: int = 5, **options: Any) -> tuple[Any, training.History]:
    model = network()
    loader = DataLoader(points(), 7, shuffle=True)
    return model, fit(model, loader, CE, sgd(model), epochs, **options)


# ---------------------------------------------------------------- the loop


def test_it_is_the_loop_one_writes_by_hand() -> None:
    model, history = trained(3)
    other = network()
    loader, optimizer, losses = DataLoader(points(), 7, shuffle=True), sgd(other), []
    for _ in range(3):
        for x, y in loader:
            optimizer.zero_grad()
            loss = CE(other(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert history.steps == losses
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert mg.equal(a, b)


def test_a_seed_repeats_a_run_bit_by_bit() -> None:
    def run() -> tuple[list[bytes], training.History]:
        mg.manual_seed(3)
        train, held = random_split(points(), [0.8, 0.2])
        model = network(4)
        loader = DataLoader(train, 7, shuffle=True)
        history = fit(model, loader, CE, sgd(model), 4, validation=DataLoader(held, 5))
        return [p.value.tobytes() for p in model.parameters()], history

    (one, first), (two, second) = run(), run()
    assert one == two and first.steps == second.steps and first.numbers == second.numbers


def test_it_learns() -> None:
    _, history = trained(40, metrics={"accuracy": accuracy})
    assert history["loss"][-1] < 0.5 * history["loss"][0] and history["accuracy"][-1] > 0.85


def test_numbers_are_means_over_examples() -> None:
    x, y = mg.tensor([[1.0], [2.0], [3.0], [4.0], [10.0]]), mg.zeros(5, 1)
    model = nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(1.0)
    loader = DataLoader(TensorDataset(x, y), 2)
    mae = {"mae": lambda output, target: (output - target).abs().mean()}
    assert evaluate(model, loader, nn.MSELoss(), mae) == {"loss": 26.0, "mae": 4.0}
    history = fit(model, loader, nn.MSELoss(), mg.optim.SGD(model.parameters(), lr=0.0), 2)
    assert history["loss"] == [26.0, 26.0] and history.steps == [2.5, 12.5, 100.0] * 2


def test_the_model_is_left_in_the_mode_it_was_in() -> None:
    modes = []

    class Watching(nn.Linear):
        def forward(self, x: Any) -> Any:
            modes.append((self.training, mg.is_grad_enabled()))
            return super().forward(x)

    model = nn.Sequential(Watching(2, 2), nn.Dropout())
    model.train()
    model[1].eval()
    loader = DataLoader(points(6), 6)
    fit(model, loader, CE, sgd(model), 2, validation=loader)
    assert modes == [(True, True), (False, False)] * 2
    assert model.training and model[0].training and not model[1].training
    model.eval()
    with pytest.raises(ValueError):
        fit(model, [], CE, sgd(model))
    assert not model.training
    predict(model.train(), loader)
    assert model[0].training and model[1].training


def test_validation_is_in_the_history() -> None:
    held = DataLoader(points(20), 6)
    model, history = trained(3, validation=held, metrics={"accuracy": accuracy})
    assert list(history.numbers) == [
        *("loss", "accuracy", "validation loss", "validation accuracy", "lr")
    ]
    last = evaluate(model, held, CE, {"accuracy": accuracy})
    assert history["validation loss"][-1] == last["loss"]
    assert history["validation accuracy"][-1] == last["accuracy"]


def test_schedulers() -> None:
    model, loader = network(), DataLoader(points(), 20)
    optimizer = sgd(model, 1.0)
    scheduler = StepLR(optimizer, 2, gamma=0.1)
    history = fit(model, loader, CE, optimizer, 5, scheduler=scheduler)
    np.testing.assert_allclose(history["lr"], [1, 1, 0.1, 0.1, 0.01])
    optimizer = sgd(model, 1e-3)
    plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=0)

    def flat(output: Any, target: Any) -> Any:
        return 0 * CE(output, target) + 1

    history = fit(model, loader, flat, optimizer, 3, scheduler=plateau)
    assert history["lr"] == [1e-3, 1e-3, 5e-4]
    optimizer = sgd(model)
    cycle = OneCycleLR(optimizer, max_lr=0.5, total_steps=6)
    fit(model, loader, CE, optimizer, 2, batch_scheduler=cycle)
    assert cycle.last_epoch == 6


def test_plateau_looks_at_the_validation_loss() -> None:
    class Seen(ReduceLROnPlateau):
        def step(self, metrics: Any, epoch: Any = None) -> None:
            seen.append(metrics)

    seen: list[float] = []
    model = network()
    optimizer = sgd(model)
    loader = DataLoader(points(), 30)
    history = fit(model, loader, CE, optimizer, 2, validation=loader, scheduler=Seen(optimizer))
    assert seen == history["validation loss"]


def test_a_callback_ends_the_training() -> None:
    _, history = trained(50, callback=lambda history: len(history) == 3)
    assert len(history) == 3 and len(history.steps) == 3 * 9


def test_gradients_are_clipped() -> None:
    model, loader = network(), DataLoader(points(), 60)
    before = [p.clone() for p in model.parameters()]
    fit(model, loader, CE, mg.optim.SGD(model.parameters(), lr=1.0), clip_norm=0.01)
    moved = [(p - q).detach().square().sum() for p, q in zip(model.parameters(), before)]
    assert math.isclose(math.sqrt(sum(float(x) for x in moved)), 0.01, rel_tol=1e-3)


def test_several_inputs() -> None:
    class Distance(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(mg.ones(1))

        def forward(self, a: Any, b: Any) -> Any:
            return self.scale * (a - b).abs().sum(1)

    rng = np.random.default_rng(1)
    a, b = mg.tensor(rng.normal(size=(20, 3))), mg.tensor(rng.normal(size=(20, 3)))
    loader = DataLoader(TensorDataset(a, b, 3 * (a - b).abs().sum(1)), 5)
    model = Distance().double()
    fit(model, loader, nn.MSELoss(), mg.optim.SGD(model.parameters(), lr=0.01), 40)
    assert abs(model.scale.item() - 3) < 1e-6
    assert predict(model, loader).shape == (20,)


def test_predictions_are_in_order() -> None:
    model, dataset = network(), points(10)
    x = dataset.tensors[0]
    with mg.no_grad():
        expected = model.eval()(x)
    for loader in (DataLoader(dataset, 3), DataLoader(TensorDataset(x), 4), [x[:5], x[5:]]):
        got = predict(model, loader)
        assert not got.requires_grad and mg.allclose(got, expected)


def test_a_run_that_is_interrupted_and_continued(tmp_path: Path) -> None:
    """Model, optimizer, scheduler and the generator's state: then it is one run, bit by bit."""

    def parts() -> tuple[Any, Any, Any]:
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
        optimizer = mg.optim.Adam(model.parameters(), lr=0.05)
        return model, optimizer, StepLR(optimizer, 2)

    loader = DataLoader(points(), 15)
    mg.manual_seed(0)
    model, optimizer, scheduler = parts()
    whole = fit(model, loader, CE, optimizer, 6, scheduler=scheduler)
    mg.manual_seed(0)
    model, optimizer, scheduler = parts()
    half = fit(model, loader, CE, optimizer, 3, scheduler=scheduler)
    states = model.state_dict(), optimizer.state_dict(), scheduler.state_dict()
    mg.save(dict(zip(("model", "optimizer", "scheduler"), states)), tmp_path / "a.pt")
    model, optimizer, scheduler = parts()
    saved = mg.load(tmp_path / "a.pt")
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    rest = fit(model, loader, CE, optimizer, 3, scheduler=scheduler)
    assert half.steps + rest.steps == whole.steps and half["lr"] + rest["lr"] == whole["lr"]


# ---------------------------------------------------------------- the history


def test_a_history_can_be_read() -> None:
    history = training.History()
    assert repr(history) == "0 epochs, 0 steps" and len(history) == 0
    history.steps += [1.0, 0.5]
    history.add({"loss": 0.75, "accuracy": 0.5})
    history.add({"loss": 0.123456, "accuracy": 1.0})
    assert repr(history) == "2 epochs, 2 steps\n  loss      0.75 → 0.1235\n  accuracy  0.5 → 1"
    assert history["loss"] == [0.75, 0.123456] and len(history) == 2
    with pytest.raises(KeyError, match="this history has no 'los'; it has loss, accuracy"):
        history["los"]


def test_a_history_can_be_plotted() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    history = training.History()
    for number in (3.0, 2.0):
        history.add({"loss": number, "validation loss": number + 1, "lr": 0.1})
    ax = history.plot()
    assert [line.get_label() for line in ax.lines] == ["loss", "validation loss"]
    assert ax.lines[1].get_ydata().tolist() == [4.0, 3.0]
    assert ax.lines[0].get_xdata().tolist() == [1, 2]
    ax = history.plot("lr", ax=pyplot.subplots()[1])
    assert [line.get_label() for line in ax.lines] == ["lr"]
    pyplot.close("all")


@pytest.mark.parametrize(
    ("module", "call", "text"),
    [
        (
            "matplotlib.pyplot",
            lambda: training.History().plot(),
            'History.plot needs matplotlib: pip install "minigrad[train]" (or pip install',
        ),
        (
            "tqdm",
            lambda: trained(1, progress=True),
            'fit(progress=True) needs tqdm: pip install "minigrad[train]" (or pip install tqdm)',
        ),
    ],
)
def test_what_is_missing_is_told(
    module: str, call: Any, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as caught:
        call()
    assert str(caught.value).startswith(text)
    assert len(trained(1)[1]) == 1  # nobody needs it who does not ask


def test_importing_the_package_imports_no_extras() -> None:
    code = "import sys, minigrad; print([m for m in ('tqdm', 'matplotlib', 'zipfile') if m in sys."
    out = subprocess.run(
        [sys.executable, "-c", code + "modules])"],
        capture_output=True,
        text=True,
        cwd=Path(mg.__file__).parents[1],
        check=True,
    )
    assert out.stdout == "[]\n"


# ---------------------------------------------------------------- progress


def test_in_a_file_progress_is_a_few_plain_lines(capfd: pytest.CaptureFixture[str]) -> None:
    trained(20, progress=True)
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == "" and "\r" not in err and len(lines) <= 12
    assert lines[0].startswith("epoch 1 of 20: loss 0.") and lines[-1].startswith("epoch 20 of 20")


def test_in_a_terminal_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    trained(2, progress=True, validation=DataLoader(points(5), 5))
    last = screen.getvalue().rstrip().split("\r")[-1]
    assert "100%" in last and "18/18" in last and "loss=" in last and "validation loss=" in last


def test_a_loader_without_a_length_has_a_bar_without_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", screen)
    model = network()
    fit(model, (b for b in DataLoader(points(), 10)), CE, sgd(model), progress=True)
    assert "6 steps" in screen.getvalue()


NOTEBOOK = """
import minigrad as mg
from minigrad import nn
from minigrad.training import fit
from minigrad.utils.data import DataLoader, TensorDataset
mg.manual_seed(0)
model = nn.Linear(2, 1)
loader = DataLoader(TensorDataset(mg.randn(50, 2), mg.randn(50, 1)), 2)
optimizer = mg.optim.SGD(model.parameters(), lr=0.01)
history = fit(model, loader, nn.MSELoss(), optimizer, 4, progress=True)
"""


def test_in_a_notebook_progress_leaves_no_trace() -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    seen: list[str] = []

    class Client(nbclient.NotebookClient):  # type: ignore[misc]
        def process_message(self, msg: Any, cell: Any, index: int) -> Any:
            if msg["msg_type"] == "update_display_data":
                seen.append(msg["content"]["data"]["text/plain"])
            return super().process_message(msg, cell, index)

    folder = str(Path(mg.__file__).parents[1])
    Client(notebook, resources={"metadata": {"path": folder}}).execute()
    [output] = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data == {"text/plain": "fit: at most 4 epochs"}
    assert any("100/100" in text and "loss=" in text for text in seen)
    assert not any("\r" in text for text in seen) and seen[-1] == "fit: at most 4 epochs"


# ---------------------------------------------------------------- measures


def test_accuracy() -> None:
    scores = mg.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert accuracy(scores, mg.tensor([1, 0, 0, 0])) == 0.75
    assert accuracy(scores, mg.tensor([[0, 1], [1, 0], [0.9, 0.1], [1, 0]])) == 0.75


@pytest.mark.parametrize(
    ("scores", "target"),
    [
        (mg.zeros(4), mg.zeros(4)),
        (mg.zeros(4, 1), mg.zeros(4, 1)),
        (mg.zeros(4, 3), mg.tensor([0, 1, 2])),
        (mg.zeros(4, 3, 2), mg.tensor([0, 1, 2, 2])),
    ],
)
def test_accuracy_is_for_classes(scores: Any, target: Any) -> None:
    with pytest.raises(mg.ShapeError, match=r"accuracy: float32.* it takes a score for each of at"):
        accuracy(scores, target)


# ---------------------------------------------------------------- what goes wrong


class Parted(nn.Module):
    """A layer that is used, one that is not, and a function in between."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(2, 2), nn.Linear(2, 1)
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(self.used(x))


def failing(model: Any, loader: Any = None, loss: Any = CE, **options: Any) -> str:
    optimizer = options.pop("optimizer", None) or mg.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(points(), 20) if loader is None else loader
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(
            (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError)
        ) as caught:
            fit(model, loader, loss, optimizer, 2, **options)
    return str(caught.value)


def test_nan_in_the_data() -> None:
    x, y = points().tensors
    x[45, 1] = math.nan
    text = failing(network(), DataLoader(TensorDataset(x, y), 20))
    assert text == (
        "fit: the loss is nan in epoch 1, batch 3. It began here: "
        "the data: input 0 of affine, float32[20, 2], has nan at [5, 1]"
    )


def test_an_operation_that_gives_nan() -> None:
    mg.manual_seed(0)
    text = failing(Parted(mg.log), allow_unused=True)
    assert text.startswith("fit: the loss is nan in epoch 1, batch 1. It began here: log of finite")
    assert "(float32[20, 2]) gives nan at [" in text


def test_a_parameter_that_is_not_finite() -> None:
    model = network()
    model[3].bias.data[1] = math.inf
    assert failing(model).endswith(
        "It began here: the parameter '3.bias', float32[2], has inf at [1] "
        "before anything is computed"
    )


def test_a_learning_rate_that_is_too_high() -> None:
    text = failing(network(), optimizer=sgd(network(), 1.0))
    assert text.startswith("fit: the optimizer holds none of the model's parameters")
    model = network()
    text = failing(model, optimizer=sgd(model, 1e30))
    assert text.startswith("fit: the loss is nan in epoch 1, batch 2. It began here: affine of fin")
    assert "the parameter '3.weight', the parameter '3.bias'" in text


def test_a_gradient_that_is_not_finite() -> None:
    def root(x: Any) -> Any:
        return mg.sqrt(x * 0)

    text = failing(Parted(root), allow_unused=True, check_nan=True)
    assert text.startswith("fit: the gradient of used.weight has nan at [0, 0] in epoch 1, batch 1")
    text = failing(Parted(root), allow_unused=True)  # without being asked it is seen a step later
    assert "batch 2. It began here: the parameter 'used.weight', float32[2, 2], has nan" in text


def test_where_the_first_nan_comes_from() -> None:
    x = mg.tensor([4.0, 0.0, -1.0], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        h = x / mg.tensor([1.0, 0.0, 1.0])
        y = (h.sqrt() + 1).sum()
        assert (
            first_nonfinite(y) == "div of finite inputs (float32[3], float32[3]) gives nan at [1]"
        )
        assert first_nonfinite((x * math.inf).sum()).startswith("the data: input 1 of mul, float")
        z = mg.tensor([1.0, math.nan], requires_grad=True, name="z")
        assert first_nonfinite((x[:2] * z).sum()) == (
            "a leaf 'z', float32[2], has nan at [1] before anything is computed"
        )
        shifted = (x - np.ones(3, np.float32)).log().sum()
        assert first_nonfinite(shifted).startswith("log of finite inputs (float32[3]) gives nan")
        assert first_nonfinite((x / np.zeros(3, np.float32)).sum()) == (
            "div of finite inputs (float32[3], float32[3]) gives inf at [0]"
        )
    assert first_nonfinite((x * 2).sum()) == ""
    assert first_nonfinite(mg.tensor(math.nan)).startswith("a leaf, float32[], has nan")


def test_values_are_those_that_were_used() -> None:
    """What is changed in place afterwards is judged as it was."""
    x, w = mg.tensor([1.0, 2.0]), mg.tensor([1.0, 1.0], requires_grad=True)
    loss = (x * w).sum()
    x[0] = math.nan
    assert first_nonfinite(loss) == ""


def test_parameters_without_a_gradient() -> None:
    text = failing(Parted(mg.tanh))
    assert text == (
        "fit: no gradient came to unused.weight, unused.bias in epoch 1, batch 1: the loss does "
        "not depend on them; freeze them with requires_grad_(False), or allow it with "
        "allow_unused=True"
    )
    model = Parted(mg.tanh)
    optimizer = mg.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(points(), 20)
    assert len(fit(model, loader, CE, optimizer, allow_unused=True)) == 1
    model.unused.requires_grad_(False)
    assert len(fit(model, loader, CE, optimizer)) == 1


def one_class(output: Any, target: Any) -> float:
    return 0.5


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"loader": []}, "fit: the loader gave no batch in epoch 1: is it a generator, which can"),
        (
            {"loader": DataLoader(points(5), 7, drop_last=True)},
            "fit: the loader gave no batch in epoch 1: is it a generator, which can be walked",
        ),
        (
            {"loader": iter(list(DataLoader(points(), 20)))},
            "fit: the loader gave no batch in epoch 2: is it a generator, which can be walked",
        ),
        (
            {"loader": DataLoader(points().tensors[0], 4)},
            "fit: a batch must be (inputs, target), or several inputs and then the target; this "
            "loader gives Tensor",
        ),
        (
            {"loader": DataLoader(TensorDataset(points().tensors[0]), 4)},
            "fit: a batch must be (inputs, target), or several inputs and then the target; this "
            "loader gives 1 of them",
        ),
        (
            {"loader": DataLoader([{"x": 1.0, "y": 2}], 4)},
            "fit: a batch must be (inputs, target), or several inputs and then the target; this "
            "loader gives dict",
        ),
        (
            {"loss": nn.CrossEntropyLoss(reduction="none")},
            "fit: the loss is float32[20] and must be a tensor with one number: is reduction",
        ),
        ({"loss": one_class}, "fit: the loss is float and must be a tensor with one number"),
        (
            {"loss": lambda output, target: output.detach().mean()},
            "backward: nothing this value was made from requires a gradient",
        ),
        ({"validation": []}, "evaluate: the loader gave no batch"),
        (
            {"validation": [points().tensors[0]]},
            "evaluate: a batch must be (inputs, target), or several inputs",
        ),
    ],
)
def test_errors(arguments: dict[str, Any], text: str) -> None:
    assert failing(network(), **arguments).startswith(text)


def test_what_is_no_model() -> None:
    with pytest.raises(TypeError, match="fit: the model must be a Module, not a function"):
        fit(one_class, [], CE, sgd(network()))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="predict: the loader gave no batch"):
        predict(network(), [])
    with pytest.raises(TypeError, match="unexpected keyword argument 'clip'"):
        trained(1, clip=3)


def test_a_wrong_target_says_so() -> None:
    x, y = points().tensors
    assert "cross_entropy" in failing(network(), DataLoader(TensorDataset(x, y + 5), 20))


# ---------------------------------------------------------------- beside PyTorch


def test_the_same_losses_as_the_same_program_in_torch() -> None:
    torch = installed_torch()
    x, y = (t.numpy() for t in points().tensors)
    start = {name: p.numpy() for name, p in network().double().state_dict().items()}

    def run(library: Any) -> Iterator[float]:
        layers = library.nn.Linear(2, 8), library.nn.ReLU(), library.nn.Linear(8, 2)
        model = library.nn.Sequential(*layers).double()
        names = {"0": "0", "2": "3"}
        model.load_state_dict(
            {n: library.tensor(start[names[n[0]] + n[1:]]) for n in model.state_dict()}
        )
        data = library.utils.data
        rows = data.TensorDataset(library.tensor(x.astype(float)), library.tensor(y))
        optimizer = library.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        loss_of = library.nn.CrossEntropyLoss()
        for _ in range(10):
            for inputs, target in data.DataLoader(rows, batch_size=8):
                optimizer.zero_grad()
                loss = loss_of(model(inputs), target)
                loss.backward()
                optimizer.step()
                yield loss.item()

    np.testing.assert_allclose(list(run(mg)), list(run(torch)), rtol=1e-11)


def test_the_recorded_outputs_of_the_chapter_hold_no_bar() -> None:
    path = Path(__file__).parents[1] / "book" / "14_training.ipynb"
    outputs = json.dumps([c.get("outputs") for c in json.loads(path.read_text("utf-8"))["cells"]])
    assert "\\r" not in outputs and "it/s" not in outputs
