"""Bring the recording up to date with the torch that is installed: `python -m tests.programs`.

Programs that still agree are kept as they are, so that a new recording shows only what changed.
"""

import torch

from tests.oracle import load, save

from . import PROGRAMS, RECORDING, Records, differences, precision, run

old: dict[str, Records] = load(RECORDING)
new: dict[str, Records] = {}
for program in PROGRAMS:
    fresh = run(program, "torch")
    agrees = program in old and not differences(old[program], fresh, precision(program))
    new[program] = old[program] if agrees else fresh
    if not agrees:
        print("recorded", program)
save(new, RECORDING)
print(f"{len(new)} programs with torch {torch.__version__}")
