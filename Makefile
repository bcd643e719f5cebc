# The two commands of this project: `make up` and `make test`. `make help` lists all.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(IDP_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/idp)
# uv from PATH, else one of our own outside the checkout, from the package index.
UV := $(or $(shell command -v uv),$(CACHE)/uv/bin/uv)
IDP := .venv/bin/idp
# Bytecode is kept whatever the surroundings say: every start of idp would compile hundreds of files again.
unexport PYTHONDONTWRITEBYTECODE
ENV ?= local

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(CACHE)/uv/bin/uv:
	@command -v python3 >/dev/null || { echo "error: python3: not found; Python 3.11 or newer is needed" >&2; exit 3; }
	@echo "· uv: not on PATH, installing it into $(CACHE)/uv"
	@python3 -m venv "$(CACHE)/uv"
	@"$(CACHE)/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv

.venv/.synced: pyproject.toml uv.lock | $(UV)
	@echo "· dependencies: as locked, into .venv"
	@"$(UV)" sync --locked --quiet
	@touch $@

.PHONY: up
up: .venv/.synced ## Stand the local environment up: tools, cluster, all layers
	@$(IDP) up $(ENV)

.PHONY: down
down: .venv/.synced ## Remove it: resources, cluster, state; asserts that nothing is left
	@$(IDP) local remove

.PHONY: unit
unit: .venv/.synced ## Static checks, unit and contract tests: seconds
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/python -m pytest -q -n auto -m "not e2e"

.PHONY: e2e
e2e: .venv/.synced ## Tests on the real engine and a cluster of their own: minutes, Linux and root
	@$(IDP) tools --ensure
	@.venv/bin/python -m pytest -v -n 2 --dist loadfile -m e2e

.PHONY: test
test: unit e2e ## Both: everything

.PHONY: bench
bench: .venv/.synced ## No-change previews against a bare Pulumi program, as ratios
	@.venv/bin/python -m benchmarks
