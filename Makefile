# make book    build the book and serve it on this machine (OPEN=0: only build)
# make test    run every test there is
# make export  write minigrad/ from the chapters
# make run     run all chapters again and store their outputs
# make clean   remove what these made

VENV ?= .venv
BIN := $(VENV)/bin
CANDIDATES := python3.13 python3.12 python3.11 python3 python
SUITS := import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c "$(SUITS)" >/dev/null 2>&1 && echo $$p && break; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: book test test-venv export run clean
.DELETE_ON_ERROR:

book: $(VENV)/book.stamp
	$(BIN)/jupyter-book build . --all -W -n --keep-going
ifneq ($(OPEN),0)
	@echo "The book is served at the address below; Ctrl-C ends it."
	@$(BIN)/python -u -m http.server 0 --bind 127.0.0.1 --directory _build/html
endif

test: $(VENV)/test.stamp
	$(BIN)/python book/_ext/export.py --check
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest

test-venv: $(VENV)/test.stamp

export: $(VENV)/test.stamp
	$(BIN)/python book/_ext/export.py

run: $(VENV)/test.stamp
	$(BIN)/python book/_ext/run.py

$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with its venv module is needed; name one by make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/book.stamp: requirements.txt pyproject.toml $(VENV)/made.stamp
	$(PIP) install -r requirements.txt
	touch $@

$(VENV)/test.stamp: requirements.txt pyproject.toml $(VENV)/made.stamp
	$(PIP) install -e ".[test]"
	touch $@

clean:
	rm -rf $(VENV) .venv-oldest _build build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
