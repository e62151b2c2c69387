# Two commands do everything: `make run` and `make test`. The rest is for those who change the code.

PYTHON ?= python3
BIN := .venv/bin
# In the order of the folders: the browser's files are few and slow, and would come last by their number of tests.
ARGS ?= -n auto --dist loadfile --no-loadscope-reorder
.DEFAULT_GOAL := help
.PHONY: help run check test bench eval fmt clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1  \t/p' Makefile

run: .venv/run.stamp ## install what is missing, fetch the models, start the app and print its address
	@exec $(BIN)/python app.py

check: .venv/dev.stamp ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: .venv/dev.stamp ## every test, the real models and a real browser included
	@$(BIN)/python -m core.assets minilm o200k cl100k smollm2-135m
	$(BIN)/python -m pytest -q $(ARGS)

bench: .venv/dev.stamp ## the benchmarks: each prints a ratio against what you would use instead
	@$(BIN)/python -m core.assets minilm o200k cl100k smollm2-135m
	$(BIN)/python -m benchmarks

eval: .venv/dev.stamp ## how much of what is asked for the search finds, on the evaluation sets
	@$(BIN)/python -m core.assets minilm
	$(BIN)/python -m benchmarks.evaluate

fmt: .venv/dev.stamp ## format and sort
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment and the caches; your data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Footlights needs Python 3.11 or newer: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "Python cannot make an environment here. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --upgrade pip

.venv/run.stamp: requirements.txt requirements-torch.txt | .venv/bin/python
	@echo "Installing what Footlights runs on: about 600 MB to download and 2 GB on the disk, once."
	@$(BIN)/python -m pip install --quiet --progress-bar on --no-deps -r requirements-torch.txt
	@$(BIN)/python -m pip install --quiet --progress-bar on -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@touch $@
