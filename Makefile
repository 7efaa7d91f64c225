# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint docs bench clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP)  ## make the virtual environment in .venv

# Exact versions come from constraints.txt; made again when what it was made from changes.
$(STAMP): pyproject.toml constraints.txt
	@echo "setting up $(VENV): about a minute, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP)  ## sample network, one query in each scope, a picture
	@$(BIN)/ribin demo

test: $(STAMP)  ## the tests, without the slow ones
	@$(BIN)/python -m pytest

lint: $(STAMP)  ## style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: $(STAMP)  ## the guide and both references as pages in build/docs
	@$(BIN)/python -W error docs/build.py

bench: $(STAMP)  ## speed against named alternatives, accuracy, the comparison page
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/accuracy.py
	@$(BIN)/python benchmarks/view.py

clean:  ## remove the virtual environment and everything that was made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist ribin-demo.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
