# Two commands on a fresh machine: `make demo` and `make test`. Both install what is missing first (scripts/setup).
#   PYTHON=python3.12   the Python to build .venv with, instead of the first one found that is new enough
#   ARGS='tests/plan'   what `make test` hands to pytest
export PYTHON
bin := .venv/bin

.PHONY: help setup setup-tests demo test check docs fuzz bench soak clean

help:
	@echo 'make demo    set up, then plan, start and prove topologies/rhoso-dz.yaml on real FRR'
	@echo 'make test    set up, then run the tests'
	@echo 'make check   set up, then format, lint, types and layering'
	@echo 'make docs    set up, then build the documentation into site/'
	@echo 'make fuzz    set up, then 100,000 mutated files and a search led by coverage; takes an hour or two'
	@echo 'make bench   set up, then measure this project beside others; prints a table'
	@echo 'make soak    set up, then 50 rounds of a lab and 20 kills: is anything left on the machine?'
	@echo 'make setup   only install what is missing'
	@echo 'make clean   remove what these commands made in this checkout'

setup:
	@scripts/setup

demo: setup
	@scripts/demo topologies/rhoso-dz.yaml

setup-tests:
	@scripts/setup --tests

# Labs come last and one at a time: they have the machine to themselves, and the closing line is theirs.
test: setup-tests
ifeq ($(ARGS),)
	@$(bin)/python -m pytest --numprocesses auto -m 'not lab'
	@$(bin)/python -m pytest -m lab
else
	@$(bin)/python -m pytest $(ARGS)
endif

check: setup
	@$(bin)/ruff format --check
	@$(bin)/ruff check
	@$(bin)/mypy
	@$(bin)/python -m pytest --quiet tests/test_layering.py

docs: setup
	@$(bin)/mkdocs build --strict

fuzz: setup
	@$(bin)/python -m pip install --quiet --group fuzz
	@FABRIC_FUZZ_INPUTS=100000 $(bin)/python -m pytest tests/fuzz
	@$(bin)/python -m tests.fuzz.guided | while read -r subject; do \
	  $(bin)/python -m tests.fuzz.guided "$$subject" </dev/null || exit 1; \
	done

bench: setup
	@$(bin)/python -m benchmarks

soak: setup
	@$(bin)/python -m benchmarks.soak

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist out site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
