# Everything that a developer, a newcomer and CI run. Needs Python 3.11 to 3.13, git and make; the rest is installed here.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TOOLS := .tools
# uv is installed beside the project, not into .venv: `uv sync` removes from .venv whatever the lock does not name.
UV ?= $(or $(shell command -v uv 2>/dev/null),$(TOOLS)/bin/uv)

# Three workers for two cores: some tests wait for servers more than they compute.
# Options of `make test`: TESTS="path::name -k word", WORKERS=4, or another database server in DENTES_TWENTY_TEST_POSTGRES.
TESTS ?=
WORKERS ?= 3
# Option of `make fuzz`.
FUZZ ?= 50
# Options of `make demo`: DEMO="--serve", DEMO="--drop DIR --keep DIR".
DEMO ?=
# Options of `make bench`: BENCH="--full" for the sizes that the targets name, BENCH="--only quota" for one of them.
BENCH ?=
# Options of `make soak`: SOAK="--runs 2000 --seed 7", SOAK="--seed 7 --only 1234", SOAK="--help".
SOAK ?=

export UV_PROJECT_ENVIRONMENT := .venv
export DAGSTER_DISABLE_TELEMETRY := yes
unexport VIRTUAL_ENV
# Each test of the command line starts Python anew: compiling the libraries every time took most of its seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

.PHONY: install
install: $(STAMP) ## install the program and its tools into .venv, exactly as uv.lock says

$(TOOLS)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is not: make PYTHON=python3.11 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet 'uv>=0.8,<1'

$(STAMP): pyproject.toml uv.lock | $(if $(findstring $(TOOLS),$(UV)),$(TOOLS)/bin/uv)
	$(UV) sync --frozen --quiet --python $(PYTHON)
	@touch $@

.PHONY: demo
demo: $(STAMP) ## migrate a practice of 400 invented patients into an embedded Twenty, and show what landed
	@$(BIN)/dentes-twenty demo $(DEMO)

.PHONY: dev
dev: $(STAMP) ## the Dagster UI on http://127.0.0.1:3000, for the practice file in DENTES_TWENTY_PRACTICE
	@mkdir -p "$${DAGSTER_HOME:=$(CURDIR)/.dagster}"; chmod 700 "$$DAGSTER_HOME"; export DAGSTER_HOME; \
	  [ -e "$$DAGSTER_HOME/dagster.yaml" ] || cp dagster.yaml "$$DAGSTER_HOME/"; \
	  exec $(BIN)/dagster dev -w workspace.yaml

.PHONY: test
test: $(STAMP) ## run the tests
	@url="$${DENTES_TWENTY_TEST_POSTGRES-$$($(BIN)/python scripts/find_postgres.py)}"; \
	  DENTES_TWENTY_TEST_POSTGRES="$$url" $(BIN)/pytest -n $(WORKERS) --dist loadscope $(TESTS)

.PHONY: fuzz
fuzz: $(STAMP) ## try bad input for longer: FUZZ=50 times as many examples
	DENTES_TWENTY_FUZZ=$(FUZZ) $(BIN)/pytest -n $(WORKERS) --hypothesis-seed=random dentes_twenty_tests/bad_input $(TESTS)

.PHONY: lint
lint: $(STAMP) ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(STAMP) ## check types (mypy, strict)
	$(BIN)/mypy

.PHONY: defs
defs: $(STAMP) ## check that Dagster can load the definitions
	$(BIN)/dg check defs

.PHONY: check
check: lint types defs test ## all that CI does

.PHONY: format
format: $(STAMP) ## repair style and formatting, and bring the tables in docs/ up to date
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python scripts/object_table.py --write
	$(BIN)/python -m benchmarks.page --write
	$(BIN)/python scripts/scale_table.py --write

.PHONY: hooks
hooks: $(STAMP) ## check style and types before each commit
	$(BIN)/pre-commit install

.PHONY: bench
bench: $(STAMP) ## measure speed, memory and calls, beside other programs too, and write docs/benchmarks.md
	$(BIN)/python -m benchmarks $(BENCH)

.PHONY: soak
soak: $(STAMP) ## break a small migration in every way, 800 times, and compare what stands afterwards (docs/faults.md)
	$(BIN)/python -m dentes_twenty_tests.soak $(SOAK)

.PHONY: clean
clean: ## remove what make has installed or built; private folders of practices stay
	rm -rf .venv $(TOOLS) .bench dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
