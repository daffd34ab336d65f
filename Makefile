# Targets are one line each; what they do stands in scripts/ and benchmarks/.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

help:  ## Say what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

setup:  ## Install Tesseract, a virtual environment and everything locked
	@scripts/setup

run:  ## Start both servers and read a sample (IMAGE=path, ONESHOT=1, TRANSFORMER_PORT, PREDICTOR_PORT)
	@scripts/setup run && exec $(PYTHON) scripts/run.py

test: lint types  ## Lint, types and all tests
	@$(PYTHON) -m pytest

lint: setup  ## Lint and formatting
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .

types: setup  ## Static types
	@$(PYTHON) -m mypy

lock:  ## Pin all dependencies anew
	@scripts/lock

.PHONY: help setup run test lint types lock
