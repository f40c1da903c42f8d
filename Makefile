# Needs Python 3.11 or newer with pip, and make. Everything else is put into .venv.

PYTHON ?= $(shell for found in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$found -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$found && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
# The fleet is installed; and what tests and lints it, too.
READY := $(VENV)/.installed
TOOLS := $(VENV)/.installed-with-tools

# What `make demo` writes tests for, and where to.
SOURCE ?= routing
OUT ?= demo-out
# How the tests are shared among processes.
TESTERS ?= -n logical --maxprocesses 4 --dist worksteal

.PHONY: venv demo test coverage chaos sdks containers lock lint clean

venv: $(TOOLS)

# $(call install,EXTRAS) puts the package into the environment, which is made if it is not there.
# Some distributions ship venv without pip; their own pip then installs into the environment from outside.
comma := ,
define install
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with: make venv PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV) 2>/dev/null || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@if $(RUN) -m pip --version >/dev/null 2>&1; then pip="$(RUN) -m pip"; else pip="$(PYTHON) -m pip --python $(RUN)"; fi; \
		$$pip install --quiet --disable-pip-version-check --editable '.$(1)'
endef

$(READY): pyproject.toml
	@echo "installing into $(VENV), once (half a minute)"
	$(call install)
	@touch $(READY)

$(TOOLS): pyproject.toml
	@echo "installing into $(VENV), with what tests need (a minute or two)"
	$(call install,[dev])
	@touch $(READY) $(TOOLS)

demo: $(READY)
	@$(VENV)/bin/fleet testgen $(SOURCE) --output $(OUT)
	@echo "next: $(VENV)/bin/fleet init, and $(VENV)/bin/fleet up; README.md goes on from there"

test: $(TOOLS)
	@$(RUN) -m pytest $(TESTERS)

# What the tests of one process reach: 90% of the lines, and 95% of those that speak to providers. What tests start, such as
# whole workers, is not counted; it is for the other tests.
coverage: $(TOOLS)
	@$(RUN) -m coverage erase
	@COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml $(RUN) -m pytest $(TESTERS) tests/routing tests/tasks tests/workers tests/sdk
	@$(RUN) -m coverage combine --quiet
	@$(RUN) -m coverage report --fail-under=90 --sort=miss
	@$(RUN) -m coverage report --fail-under=95 --include='workers/providers/*'

# Kills workers and Redis for about a quarter of an hour, and accounts for every job. make chaos ARGS=--help
chaos: $(TOOLS)
	@$(RUN) -m tests.chaos $(ARGS)

# Needs a Docker engine: the image, the stack of compose/, its demo, and hosts that come and go; nothing is left behind.
containers: $(TOOLS)
	@$(RUN) -m tests.e2e.hosts $(ARGS)

# The packages of the image, with the hashes of their files. Needs uv.
lock:
	@echo 'setuptools>=80' | uv pip compile pyproject.toml - --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --quiet --output-file compose/requirements.txt

# Reads recorded exchanges with the providers' own SDKs and with the fleet, and compares. make sdks ARGS=exchanges.jsonl
sdks: $(TOOLS)
	$(call install,[dev$(comma)sdk])
	@$(RUN) -m tests.sdk $(ARGS)

lint: $(TOOLS)
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(VENV)/bin/lint-imports
	@$(RUN) -m mypy
	@$(RUN) -m pyright

clean:
	rm -rf $(VENV) demo-out .coverage* *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
