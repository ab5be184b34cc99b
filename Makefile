# Targets for people; each is a line or two, the work is in tools/ and tests/lab/.
PYTHON ?= python3
STAGES := $(PYTHON) tools/stages.py

.DEFAULT_GOAL := help
.PHONY: help setup test test-long static units contract bench demo demo-down clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: ## Make what playbooks and tests need, under .build/
	@$(PYTHON) tools/setup.py

test: ## What CI runs: static, units, contract, the lab's main paths; ONLY="lint repo": these stages
	@$(STAGES) $(or $(ONLY),--set ci)

test-long: ## What make test leaves out: all faults, all scenarios, the whole matrix
	@$(STAGES) --set long

static: ## Sanity and linters only
	@$(STAGES) --set static

units: ## Unit tests on all Pythons
	@$(STAGES) --set units

contract: ## The stand-ins against the recorded behaviour of the real tools
	@$(STAGES) --set contract

bench: setup ## What a run costs, beside built-in modules on the same hosts; BENCH=--quick: in minutes
	@$(PYTHON) tools/venvs.py new
	@$(PYTHON) benchmarks/bench.py $(BENCH)

demo: setup ## A lab, the plan, Calico on it, a second run, pings between all, a table
	@$(PYTHON) tests/system/demo.py up

demo-down: ## Remove the demo's lab; an image cache stays
	@$(PYTHON) tests/system/demo.py down

clean: ## Remove all that was built
	rm -rf .build .ansible .pytest_cache .mypy_cache .ruff_cache .cache tests/output
