"""Bring the recording up to date with the torch that is installed: `python -m tests.oracle`.

Lines that still agree are kept as they are, so that a new recording shows only what changed.
A case is recorded in single precision as well only where that is not the same but for the dtype.
"""

import torch

from . import Records, differences, in_single, load, run, save
from .tables import CASES

old: dict[str, Records] = load()
new: dict[str, Records] = {}


def keep(name: str, fresh: Records, dtype: str = "float64") -> None:
    agrees = name in old and not differences(old[name], fresh, dtype)
    new[name] = old[name] if agrees else fresh
    if not agrees:
        print("recorded", name)


for case in CASES:
    keep(case.name, run(case, torch))
    if case.inputs and "float64" not in str(case.code):
        single = run(case, torch, "float32")
        if differences(in_single(new[case.name]), single, "float32"):
            keep(f"{case.name} float32", single, "float32")
save(new)
print(f"{len(new)} records with torch {torch.__version__}")
