.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help book test bench lint format notebooks serve clean

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
READY := .venv/ready
TORCH := $(shell grep '^torch==' constraints.txt)

help: ## what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

# torch first and alone: spelled like this, an index of builds without CUDA answers too.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -qq $(TORCH)
	$(BIN)/pip install -qq -c constraints.txt -e '.[site,test]'
	touch $@

book: $(READY) ## build the book into _build/html, warnings are errors
	$(BIN)/jupyter-book build . -W -n --keep-going -q

test: lint book ## check style and types, build the book, run every test in two processes
	$(BIN)/pytest -n 2 --dist worksteal --durations=15

bench: $(READY) ## what a step costs, against the limits: fails if one is missed by far
	$(BIN)/python -m mtlcore bench --quick

lint: $(READY) ## check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## put code and notebooks into the one style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

notebooks: $(READY) ## run the notebooks in place, each in a fresh kernel (one of them: NOTEBOOKS=path)
	$(BIN)/python tests/helpers/chapters.py $(NOTEBOOKS)

serve: book ## show the book on http://localhost:8000
	$(BIN)/python -m http.server $(PORT) --directory _build/html

clean: ## remove what was built; the environment stays
	rm -rf _build dist .pytest_cache .hypothesis .ruff_cache .mypy_cache
