# clocker-actors: every task of a developer and of a person trying it. `make help` lists them.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
RUNS := $(VENV)/.runs
STATE ?= .state
BEGAN := $(shell date +%s)

.DEFAULT_GOAL := help
SEEDS ?= 0-2000
KILLS ?= 100
HOURS ?= 24

.PHONY: soak bench help venv check fix test demo up down lock venv-locked audit sbom

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  %-12s %s\n", $$1, $$2}'

venv: $(STAMP) ## the virtual environment with all that development needs

$(STAMP): pyproject.toml .ci/venv.sh
	@bash .ci/venv.sh $(VENV) test
	@touch $@ $(RUNS)

# What `clocker` needs to run, and nothing else: quick, for people who only want to see it.
$(RUNS): pyproject.toml .ci/venv.sh
	@bash tests/demo/ahead.sh $(VENV)
	@bash .ci/venv.sh $(VENV) run
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
	@# Sockets have paths of at most 107 characters, so those of tests begin short.
	@folder=$$(mktemp -d /tmp/ct.XXXX) && trap 'rm -rf "$$folder"' EXIT && $(PY) -m pytest -n 4 --dist loadfile --durations=25 --basetemp "$$folder"

soak: venv ## hours of stories, crashes and load (SEEDS=0-2000 KILLS=100 HOURS=24, as asked for); ends at the first fault
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then bash .ci/packages.sh; fi
	@$(PY) -m tests.simulation --seeds $(SEEDS)
	@$(PY) -m tests.recording.everything
	@$(PY) -m tests.simulation.mutants
	@$(PY) -m tests.crashes --kills $(KILLS)
	@$(PY) -m tests.load --minutes 5 --hours $(HOURS)
	EXAMPLES_OF_REQUESTS=$(or $(EXAMPLES),200) $(PY) -m pytest -q tests/admin/test_any_request.py

bench: venv ## speed of this machine beside its peers (BENCH="--only engines --rounds 2 --markdown"); half an hour
	@if [ "$$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then bash .ci/packages.sh; fi
	@$(PY) -m tests.benchmarks $(BENCH)

demo: $(RUNS) ## the main job in two minutes, narrated, on real containers; removes everything again
	@exec $(PY) -m tests.demo --state $(STATE) --began $(BEGAN) $(DEMO)

up: $(RUNS) ## a daemon and an engine that keep running, to play with
	@exec $(PY) -m tests.demo up --state $(STATE) $(DEMO)

down: $(RUNS) ## remove what `make up` made
	@exec $(PY) -m tests.demo down --state $(STATE)

lock: ## renew requirements.lock and requirements-dev.lock: newest versions that pyproject allows, with hashes
	@bash .ci/supply.sh lock

venv-locked: ## .venv-locked: what runs the daemon, exactly as requirements.lock says (pip's --require-hashes)
	@bash .ci/supply.sh venv .venv-locked

audit: ## known vulnerabilities of what requirements.lock holds (needs the package index)
	@bash .ci/supply.sh audit

sbom: ## sbom.json (CycloneDX) of what requirements.lock holds
	@bash .ci/supply.sh sbom
