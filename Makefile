# make demo: set up, simulate, ingest, build, serve.   make test: set up, then every check there is.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests wait for disks, browsers and servers, so two more work than there are cores.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadgroup --no-loadscope-reorder
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
  --no-emit-index-url --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo test first-day truth mutate faults bench screenshots notebooks docs pictures manifests constraints audit clean

help:
	@echo "make demo   set up, simulate an organisation, ingest and build it, serve http://localhost:8501"
	@echo "make test   set up, then lint, type check and run every test"
	@echo "make first-day  from the wheel to believed numbers as a new user does, timed; PYTHON=python3.13 for that one"
	@echo "make truth  prove that a whole simulated organisation of a year is found out exactly"
	@echo "make mutate break one rule after another and see that a scenario that names it fails"
	@echo "make faults kill, fill, break and flip everything; print a line for each fault of the catalogue (needs cc)"
	@echo "make bench  print measured speeds beside their limits"
	@echo "make screenshots  picture every page of the demo in both themes (needs Debian's chromium)"
	@echo "make notebooks  run the notebooks over the demo and keep what they show"
	@echo "make docs  write the generated pages of docs again: definitions and commands"
	@echo "make constraints  pin every dependency again, by version and hashes (needs uv)"
	@echo "make manifests  validate deploy/kubernetes against the schemas of Kubernetes"
	@echo "make audit  look for known vulnerabilities of the pinned dependencies (needs their data base)"
	@echo "make pictures  draw the history of docs/what-serves.md again"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --no-deps -r constraints.txt
	$(PIP) --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --disable-pip-version-check
	$(BIN)/python -m compileall -q dora ingest dashboards
	touch $@

demo: setup
	$(BIN)/dora demo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

first-day: setup
	$(BIN)/python -m tests.first_day --python $(PYTHON)

truth: setup
	DORA_TRUTH_SCALE=1 $(PYTEST) tests/test_truth.py

mutate: setup
	$(BIN)/python -m tests.mutate

faults: setup
	$(BIN)/python -m tests.faults.run $(ROWS)

bench: setup
	$(PIP) --require-hashes --no-deps -r constraints-bench.txt
	for name in coverage git ingest memory metrics nights paging scale dashboard stopwatch; do $(BIN)/python -m tests.benchmarks.$$name; done

screenshots: setup
	test -f data/demo/dora.duckdb || $(BIN)/dora demo --no-serve
	$(BIN)/python -m tests.dashboards.screenshots

docs: setup
	$(BIN)/python -m dora.config.definitions > docs/definitions.md
	$(BIN)/python -m dora.cli.reference > docs/cli.md
	$(BIN)/python -m dora.export.table_dictionary > docs/tables.md

notebooks: setup
	test -f data/demo/dora.duckdb || $(BIN)/dora demo --no-serve
	$(BIN)/python -m tests.notebooks

pictures: setup
	$(BIN)/python -m tests.dashboards.serving_picture

constraints:
	$(COMPILE) --extra google --extra login --extra postgres --extra report --extra test -o constraints.txt
	$(COMPILE) --all-extras -c constraints.txt -o constraints-all.txt
	awk 'NR == FNR { seen[$$1]; next } /^[a-z]/ { other = !($$1 in seen) } other' \
	  constraints.txt constraints-all.txt > constraints-bench.txt
	rm constraints-all.txt
	echo hatchling | $(COMPILE) - --extra google --extra login --extra postgres --extra report -c constraints.txt -o deploy/requirements.txt

manifests: setup
	$(PIP) kubernetes-validate
	$(BIN)/kubernetes-validate --strict deploy/kubernetes/data.yaml deploy/kubernetes/nightly.yaml deploy/kubernetes/dashboard.yaml

audit: setup
	$(PIP) pip-audit
	$(BIN)/pip-audit --require-hashes --disable-pip -r constraints.txt

clean:
	rm -rf $(VENV) data/demo
