# Everything a newcomer or a contributor runs. Needs: make, Python 3.11 or newer with venv; test-browser: chromium;
# test-postgres: a PostgreSQL server; test-clients: node and npm.
# Another interpreter: make serve PYTHON=python3.12. More arguments for a command: make token ARGS='--hours 1'.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install -qq --disable-pip-version-check --no-input --only-binary :all: --require-hashes
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11
COMPILE := $(LOCK) --all-extras pyproject.toml
NODE := tests/clients/node
GENERATOR := tests/clients/generated
ARGS ?=
BENCH ?= performance

.DEFAULT_GOAL := help
.PHONY: help serve migrate token password test test-postgres faults test-browser test-clients check bench lock clean

help:
	@echo 'make serve         install what is pinned, migrate, serve on http://127.0.0.1:3000'
	@echo 'make token         print a token for the service under BANGPATH_HOME'
	@echo 'make password      replace the password of root'
	@echo 'make migrate       bring the database up to date and stop'
	@echo 'make test          everything that needs Python alone'
	@echo 'make test-postgres the tests that open a database, on the server that BANGPATH_TEST_DATABASE_URL names'
	@echo 'make faults        the long form of tests/faults: processes are killed and stopped, nothing may be lost'
	@echo 'make test-browser  the pages in a real Chromium (needs: apt-get install chromium)'
	@echo "make test-clients  other people's clients of both doors (needs: apt-get install nodejs npm)"
	@echo 'make check         lint, formatting, types, direction of imports, known vulnerabilities'
	@echo 'make bench         measure beside a hand-written floor, in 25 minutes (installs wrk by apt-get)'
	@echo 'make lock          pin the dependencies again (ARGS=--upgrade for newer ones)'
	@echo 'make clean         remove the virtual environment and caches; the data in var/ stays'

# exec: the signal that ends make's child ends the server, not a shell in front of it.
serve: $(VENV)/.runtime
	@exec $(RUN) -m api serve $(ARGS)

migrate token password: $(VENV)/.runtime
	@exec $(RUN) -m api $@ $(ARGS)

test: $(VENV)/.development
	@env -u BANGPATH_TEST_DATABASE_URL $(RUN) -m pytest -n auto --ignore tests/browser --ignore tests/clients $(ARGS)

# Each test has a database of its own; those of processes, images and the README are about SQLite.
test-postgres: export BANGPATH_TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
test-postgres: $(VENV)/.development
	@$(RUN) -m tests.databases
	@$(RUN) -m pytest -n auto tests --ignore tests/browser --ignore tests/clients --ignore tests/process $(ARGS)

# On PostgreSQL where BANGPATH_TEST_DATABASE_URL names a server; SEED=… repeats a run, ARGS='-k x01' is a part.
faults: export BANGPATH_TEST_FAULTS = long
faults: $(VENV)/.development
	@$(RUN) -m pytest tests/faults $(ARGS)

test-browser: $(VENV)/.development
	@command -v chromium >/dev/null || { echo 'chromium is missing: apt-get install chromium' >&2; exit 1; }
	@$(RUN) -m pytest tests/browser $(ARGS)

test-clients: $(VENV)/.development $(NODE)/node_modules/.package-lock.json $(GENERATOR)/.venv/.installed
	@command -v curl >/dev/null || { echo 'curl is missing: apt-get install curl' >&2; exit 1; }
	@$(RUN) -m pytest tests/clients $(ARGS)

check: $(VENV)/.development
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports
	@$(RUN) -m tests.dependencies requirements-dev.lock $(GENERATOR)/requirements.lock

# BENCH=growth, BENCH=shares and so on are other files of tests/bench. ARGS='--rounds 1 --seconds 1' is short, ARGS='--case get' a part.
bench: export BANGPATH_TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
bench: $(VENV)/.development
	@command -v wrk >/dev/null || { echo 'Installing wrk ...'; $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get install -qq --yes wrk >/dev/null; }
	@$(RUN) -m tests.bench.$(BENCH) $(ARGS)

lock: $(VENV)/.development
	@$(LOCK) $(GENERATOR)/requirements.in $(ARGS) --output-file $(GENERATOR)/requirements.lock
	@$(COMPILE) $(ARGS) --output-file requirements.lock
	@$(COMPILE) $(ARGS) --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean:
	@rm -rf $(VENV) $(NODE)/node_modules $(GENERATOR)/.venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.runtime: requirements.lock $(RUN)
	@echo 'Installing what requirements.lock pins ...'
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	@echo 'Installing what requirements-dev.lock pins ...'
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(NODE)/node_modules/.package-lock.json: $(NODE)/package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null || \
		{ echo 'node or npm is missing: apt-get install nodejs npm' >&2; exit 1; }
	@echo 'Installing what $(NODE)/package-lock.json pins ...'
	@cd $(NODE) && npm ci --loglevel=error >/dev/null
	@touch $@

# An environment of its own: the generator wants an older typer than the service has.
$(GENERATOR)/.venv/.installed: $(GENERATOR)/requirements.lock $(VENV)/.runtime
	@echo 'Installing what $(GENERATOR)/requirements.lock pins ...'
	@$(RUN) -m venv --clear $(GENERATOR)/.venv
	@$(PIP:$(RUN)%=$(GENERATOR)/.venv/bin/python%) -r $(GENERATOR)/requirements.lock
	@touch $@

# Debian ships venv without the part that installs pip, which is why ensurepip is what has to be asked for.
$(RUN):
	@command -v $(PYTHON) >/dev/null || \
		{ echo 'Python is missing: apt-get install python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$$($(PYTHON) -V 2>&1) is too old, 3.11 is needed: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python has no venv module: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }
