# Holdfast's commands. Bare `make` lists them. Each sets up what it needs in .venv first.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check bench

# The Python that makes .venv; where none is named, the first of the candidates that will do.
PYTHON ?=
CANDIDATES = $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
PIP_INSTALL = .venv/bin/python -m pip install --quiet --disable-pip-version-check
PYTEST = .venv/bin/python -m pytest $(if $(RECORDINGS),--recordings=$(RECORDINGS))

help:
	@echo 'make run    run the program:  make run ARGS="replay tests/data/BTC-USDT-1m.csv"'
	@echo 'make test   run the tests:    make test ARGS="-k ladder"'
	@echo 'make check  lint, check format and types, then run the tests'
	@echo 'make bench  run every benchmark and print its figures'
	@echo
	@echo 'RECORDINGS=DIR    test, check: with the real market recordings of a folder'
	@echo 'PYTHON=python3.x  the Python (3.11 or later) to make .venv with'

run: .venv/.run
	@.venv/bin/python supervisor.py $(ARGS)

test: .venv/.dev
	$(PYTEST) $(ARGS)

check: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	$(PYTEST) $(ARGS)

# A benchmark is a module: run as a script, its folder would come before the checkout.
bench: .venv/.dev
	@for module in $(patsubst %.py,%,$(subst /,.,$(shell grep -l __main__ benchmarks/*.py))); do \
	    echo "== $$module"; \
	    .venv/bin/python -m "$$module" $(ARGS) || exit; \
	done
	@echo '== benchmarks.seconds (three situations, one round; docs/benchmarks.md has the whole)'
	@.venv/bin/python -m benchmarks.seconds --quick

# The stamps say with which pyproject.toml the environment was last filled.
.venv/.run: pyproject.toml .venv/bin/python
	$(PIP_INSTALL) --editable .
	@touch $@

.venv/.dev: pyproject.toml .venv/bin/python
	$(PIP_INSTALL) --editable '.[check]'
	@touch .venv/.run $@

.venv/bin/python:
	@for python in $(CANDIDATES); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	        echo "$$python -m venv .venv"; \
	        exec "$$python" -m venv --clear .venv; \
	    fi; \
	    without_venv=$$python; \
	done; \
	if [ -n "$$without_venv" ]; then \
	    echo "$$without_venv has no venv module. On Debian or Ubuntu: apt install python3-venv" >&2; \
	else \
	    echo 'Holdfast needs Python 3.11 or later; none of these is: $(CANDIDATES).' \
	        'Name one with PYTHON=' >&2; \
	fi; \
	exit 1
