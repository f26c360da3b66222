"""The kernels that pytest --nbval starts find minigrad, installed or not."""

import os
from pathlib import Path

root = str(Path(__file__).resolve().parents[1])
paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
os.environ["PYTHONPATH"] = os.pathsep.join([root, *filter(None, paths)])
