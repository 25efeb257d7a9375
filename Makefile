# make demo: set up, simulate, ingest, build, serve.   make test: set up, then every check there is.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test truth mutate bench screenshots pictures clean

help:
	@echo "make demo   set up, simulate an organisation, ingest and build it, serve http://localhost:8501"
	@echo "make test   set up, then lint, type check and run every test"
	@echo "make truth  prove that a whole simulated organisation of a year is found out exactly"
	@echo "make mutate break one rule after another and see that a scenario that names it fails"
	@echo "make bench  print measured speeds beside their limits"
	@echo "make screenshots  picture every page of the demo in both themes (needs Debian's chromium)"
	@echo "make pictures  draw the history of docs/what-serves.md again"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	$(BIN)/python -m compileall -q dora ingest dashboards
	touch $@

demo: setup
	$(BIN)/dora demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup

truth: setup
	DORA_TRUTH_SCALE=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadgroup tests/test_truth.py

mutate: setup
	$(BIN)/python -m tests.mutate

bench: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	for name in coverage git ingest memory metrics paging dashboard; do $(BIN)/python -m tests.benchmarks.$$name; done

screenshots: setup
	test -f data/demo/dora.duckdb || $(BIN)/dora demo --no-serve
	$(BIN)/python -m tests.dashboards.screenshots

pictures: setup
	$(BIN)/python -m tests.dashboards.serving_picture

clean:
	rm -rf $(VENV) data/demo
