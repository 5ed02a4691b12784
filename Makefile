# The same few verbs as everywhere: setup, demo, play, test, lint, check, lock, clean.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help setup demo play test test-crash lint types layers check bench pictures lock texts clean

help:  ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## Make the virtual environment and install everything, pinned by hash.

$(STAMP): requirements/dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: setup  ## Show the main job on this machine, with no account and no network.
	$(BIN)/showreel demo --once

play: setup  ## The same, staying up: prints the addresses of both simulators.
	$(BIN)/showreel demo

test: setup  ## Run the whole test suite.
	$(BIN)/python -m pytest

test-crash: setup  ## Kill the bot at every named instant and 200 times at random, and drive two workers through 200 pasts; prints a table.
	SHOWREEL_TEST_CRASH=1 SHOWREEL_TEST_KILLS=200 SHOWREEL_TEST_EXAMPLES=200 $(BIN)/python -m pytest -v tests/crash/test_crash_random.py tests/work/test_work_interleavings.py tests/crash/test_crash_points.py tests/crash/test_crash_takeover.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

check: lint types layers test  ## Everything that CI checks.

bench: setup  ## Measure, as ratios to floors taken in the same run.
	$(BIN)/python -m bench.store
	$(BIN)/python -m bench.limits
	$(BIN)/python -m bench.media
	$(BIN)/python -m bench.delivery
	$(BIN)/python -m bench.commands
	$(BIN)/python -m bench.reports

pictures: setup  ## Draw the pictures in the documents again.
	$(BIN)/python -m bench.report_pictures

lock:  ## Pin the dependencies again (needs uv).
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements/run.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --output-file requirements/dev.lock

texts: setup  ## Extract the texts that people see into the gettext template.
	$(BIN)/pybabel -q extract --mapping-file bot/i18n/babel.toml --keywords _ --keywords n_:1,2 --keywords N_ --no-default-keywords --no-location --sort-output --omit-header --output-file bot/i18n/showreel.pot bot cogs

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
