"""How fast is minigrad? `python tests/benchmarks/run.py` prints the answer as a table of ratios."""
