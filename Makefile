# Needs Python 3.11 or newer and make. Everything else is installed into .venv by the first target that wants it.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES := src tests tools $(wildcard benchmarks)

# Where the real data sets lie, if they do. Tests that need them skip with a reason where they are absent.
ifndef ONWARD_DATA
ifneq ($(wildcard ../shared/data),)
export ONWARD_DATA := $(abspath ../shared/data)
endif
endif

.PHONY: demo test lint format unused types doctest docs pages check bench clean

demo: .venv/demo.stamp
	$(BIN)/onward demo

# One thread for each of the two workers: more would only wait for one another.
test: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "not slow and not gpu"

lint: .venv/dev.stamp
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

format: .venv/dev.stamp
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# First what no line of the library can reach; then what nothing at all uses, its tests included.
unused: .venv/dev.stamp
	$(BIN)/vulture --min-confidence 80 src
	$(BIN)/vulture --min-confidence 60 $(SOURCES)

types: .venv/dev.stamp
	$(BIN)/ty check

doctest: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest --doctest-modules src

docs: .venv/dev.stamp
	$(BIN)/python tools/method_pages.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pages: .venv/dev.stamp
	$(BIN)/python tools/method_pages.py

check: test lint unused types doctest docs

bench: .venv/demo.stamp
	$(BIN)/python benchmarks/loop_overhead.py

clean:
	rm -rf .venv site build dist .pytest_cache .ruff_cache .hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment in two layers. The constraints stand in every call: alone, pip would take a newer torch.
.venv/demo.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) -e '.[demo]'
	touch $@

.venv/dev.stamp: .venv/demo.stamp
	$(INSTALL) -e '.[dev]'
	touch $@
