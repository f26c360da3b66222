"""A wheel, and what it takes: NumPy and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.chapters import ROOT


def must(*command: str | Path) -> str:
    run = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=Path.home())
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder stays in the repository."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ["pyproject.toml", "README.md", "LICENSE", "minigrad"]:
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")]):
            if path.is_file() and path.suffix != ".pyc":
                target = source / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", folder]
    must(sys.executable, "-m", "pip", "wheel", *options, source)
    return next(folder.glob("minigrad-*.whl"))


def test_a_wheel_holds_the_package_and_its_types(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info" not in name}
    files = [path for path in (ROOT / "minigrad").rglob("*") if path.is_file()]
    ours = {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}
    assert names == ours
    assert "minigrad/py.typed" in names


def test_a_wheel_needs_numpy_alone(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    installed = subprocess.run(
        [*pip, "install", "--quiet", str(wheel)], capture_output=True, text=True
    )
    if installed.returncode and os.environ.get("MINIGRAD_STRICT") != "1":
        pytest.skip(f"NumPy cannot be installed here: {installed.stderr.strip()[-200:]}")
    assert not installed.returncode, installed.stderr
    packages = must(*pip, "list", "--format=freeze").split()
    names = {line.split("==")[0] for line in packages} - {"pip", "setuptools"}
    assert names == {"minigrad", "numpy"}
    program = "import minigrad as mg; x = mg.tensor([1.0, 2.0], requires_grad=True); "
    program += "(x @ x).backward(); print(x.grad.tolist())"
    assert must(python, "-W", "error", "-c", program) == "[2.0, 4.0]\n"


def test_the_package_knows_its_version() -> None:
    import minigrad

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert minigrad.__version__ == project["version"]


def test_packages_are_imported_when_they_are_asked_for() -> None:
    """And nothing else is made up for a name that is not there."""
    program = (
        "import sys, minigrad as mg; print('minigrad.nn' in sys.modules, mg.nn.Linear.__name__, "
    )
    program += "mg.optim.lr_scheduler.StepLR.__name__, mg.celu.__name__, 'utils' in dir(mg), "
    program += "hasattr(mg, 'nonsense'))"
    said = must(
        sys.executable, "-W", "error", "-c", f"import os; os.chdir({str(ROOT)!r}); {program}"
    )
    assert said.split() == ["False", "Linear", "StepLR", "celu", "True", "False"]


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "minigrad").rglob("*.py")
)


def test_every_module_can_be_the_first_one_imported() -> None:
    """Packages are imported when they are asked for, so any of them may come first."""
    program = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [n for n in sys.modules if n.split(".")[0] == "minigrad"]:
        del sys.modules[loaded]
    importlib.import_module(name)
"""
    must(
        sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}", *MODULES
    )
