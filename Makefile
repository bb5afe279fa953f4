# Everything that a developer or an owner does with this folder. `make` alone lists it.
# Needs Python 3.11 or newer and make; all else is fetched, locked by hash, into .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.ready
BROWSER := chromium fonts-noto-color-emoji
UV_VERSION := 0.13.8
LOCK := .cache/lock/bin/uv pip compile pyproject.toml --no-config --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	$(if $(UPGRADE),--upgrade)

# The first that is new enough; `make PYTHON=/path/to/python3.13 setup` decides otherwise.
ifndef PYTHON
PYTHON = $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; exit; }; done)
endif

.PHONY: help
help:  ## list what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(READY)  ## make .venv with everything in it, versions and hashes as locked

$(READY): requirements-dev.txt pyproject.toml
	@set -e; \
	python="$(PYTHON)"; \
	if ! $(BIN)/python -c 'import pip, sys; sys.exit(not open("$(BIN)/pip").readline().startswith("#!" + sys.prefix))' 2>/dev/null; then \
		if [ -z "$$python" ]; then \
			echo "Atelier needs Python 3.11 or newer, and there is none on the PATH." >&2; \
			echo "Debian 12 and Ubuntu 24.04 have it: sudo apt install python3 python3-venv" >&2; \
			echo "One that lives elsewhere: make setup PYTHON=/path/to/python3" >&2; exit 1; \
		fi; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
			echo "$$python is too old or does not run: Atelier needs Python 3.11 or newer." >&2; exit 1; }; \
		"$$python" -c 'import venv, ensurepip' 2>/dev/null || { \
			echo "$$python cannot make virtual environments: its venv package is missing." >&2; \
			"$$python" -c 'import sys; print("Debian, Ubuntu: sudo apt install python3-venv  (or python3.%d-venv)" % sys.version_info[1])' >&2; \
			exit 1; }; \
		echo "Making .venv with $$("$$python" --version)"; \
		rm -rf .venv; "$$python" -m venv .venv; \
	fi; \
	echo "Installing what requirements-dev.txt says (a minute or two the first time)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .; \
	touch $@

.PHONY: run
run: $(READY)  ## the bot when DISCORD_TOKEN is set, else the playground
	@$(BIN)/python -m bot

.PHONY: playground
playground: $(READY)  ## try the bot in a browser: no account, no key
	@$(BIN)/python -m bot playground

.PHONY: browsers
browsers:  ## install Debian's Chromium and an emoji font for the tests of the playground's page
	@if [ -x /usr/bin/chromium ]; then echo "Chromium is there already"; \
	elif ! command -v apt-get >/dev/null; then \
		echo "Without apt-get: install Chromium as /usr/bin/chromium yourself; until then those tests are skipped."; \
	elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq --no-install-recommends $(BROWSER); \
	elif command -v sudo >/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq --no-install-recommends $(BROWSER); \
	else echo "Ask who administers this machine for: apt-get install $(BROWSER). Until then those tests are skipped."; fi

.PHONY: test
test: $(READY)  ## the whole check: lint, format, types, layers, tests
	@result=0; $(MAKE) check || result=1; \
	$(BIN)/python -m pytest -q -n 3 --dist worksteal $(PYTEST) || { \
		echo "make test: what failed among the others is run once more, alone; what passes now is unsteady and wants mending"; \
		$(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none $(PYTEST) || result=1; }; \
	[ $$result = 0 ] || echo "make test: something above failed" >&2; exit $$result

.PHONY: check
check: $(READY)  ## lint, format, types and layers
	@result=0; \
	step() { name=$$1; shift; if out=$$("$$@" 2>&1); then echo "ok    $$name"; \
		else result=1; echo "FAIL  $$name"; printf '%s\n' "$$out"; fi; }; \
	step "lint (ruff check)" $(BIN)/ruff check --quiet --output-format concise .; \
	step "format (ruff format)" $(BIN)/ruff format --quiet --check --output-format concise .; \
	step "types (basedpyright)" $(BIN)/python -m basedpyright; \
	step "layers (import-linter)" $(BIN)/lint-imports --no-logo --cache-dir .cache/import_linter; \
	exit $$result

.PHONY: bench
bench: $(READY)  ## Atelier beside a bare bot: CPU, time, memory; BENCH=--quick takes two minutes
	@$(BIN)/python -m tests.bench $(BENCH)

.PHONY: chaos
chaos: $(READY)  ## kill a real bot at random moments on both databases; CHAOS="--kills 300"
	@$(BIN)/python -W ignore -m tests.chaos $(CHAOS)

.PHONY: format
format: $(READY)  ## put code into its form and mend what lint can mend
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

.PHONY: texts
texts: $(READY)  ## bring the French catalogue up to date with the code; lists what is not translated
	@$(BIN)/python -m tests.texts

.PHONY: env-example
env-example: $(READY)  ## write .env.example again from the settings' own descriptions
	@$(BIN)/python -m bot.settings_example > .env.example

.PHONY: lock
lock: .cache/lock/bin/uv  ## resolve the dependencies again; UPGRADE=1 takes the newest that pyproject.toml allows
	@set -e; \
	$(LOCK) --output-file requirements.txt; \
	$(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt; \
	echo "requirements.txt and requirements-dev.txt are current"

# In an environment of its own: one resolution for all versions of Python and all systems is what pip cannot do.
.cache/lock/bin/uv: Makefile
	@$(PYTHON) -m venv .cache/lock && .cache/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@
