# The commands of the project. `make run` and `make test` are the two to know.
# PYTHON names the interpreter (3.11 or newer), PORT the port, VENV the virtual environment.
.DEFAULT_GOAL := help
.PHONY: help run demo test test-slow check fix bench clean
SHELL := /bin/bash
VENV ?= .venv
export VENV

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## the whole site on 127.0.0.1:$PORT (8000), with a demo workspace and its keys
	@scripts/setup
	@exec $(VENV)/bin/python manage.py serve

demo: ## runs the starter workflow on a photograph against the running server
	@scripts/setup dev
	@$(VENV)/bin/python manage.py demo

test: ## all checks and tests that a change must pass
	@scripts/setup dev local
	@scripts/check
	@scripts/test
	@scripts/e2e

test-slow: ## the tests that CI has no time for
	@scripts/setup dev local
	@scripts/test -m slow -n 0
	@scripts/e2e -m slow -n 0

check: ## format, lint, types, imports, migrations, catalogue, templates
	@scripts/setup dev
	@scripts/check

fix: ## mends what a machine can mend
	@scripts/setup dev
	@scripts/fix

bench: ## every benchmark, each beside its baseline
	@scripts/setup dev
	@scripts/bench

clean: ## removes what the tools made; var/ with its data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +
