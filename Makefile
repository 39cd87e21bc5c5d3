# clocker-actors: every task of a developer and of a person trying it. `make help` lists them.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help venv check fix test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  %-12s %s\n", $$1, $$2}'

venv: $(STAMP) ## the virtual environment with all that development needs

$(STAMP): pyproject.toml .ci/venv.sh
	@bash .ci/venv.sh $(VENV) test
	@touch $@

check: venv ## format, lint, types, import contracts
	$(VENV)/bin/ruff format --check clocker_actors tests
	$(VENV)/bin/ruff check clocker_actors tests
	$(VENV)/bin/mypy clocker_actors tests
	$(VENV)/bin/lint-imports

fix: venv ## format and mend what ruff can
	$(VENV)/bin/ruff format clocker_actors tests
	$(VENV)/bin/ruff check --fix clocker_actors tests

test: venv ## all tests, those on real hosts included (root on Debian)
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then bash .ci/packages.sh; fi
	$(PY) -m pytest
