# Needs python3 (3.11 or later) and make; everything else is fetched and pinned by hash.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	--no-warn-script-location
PINNED = $(PIP_INSTALL) --no-deps --only-binary=:all: --require-hashes
LOCK = $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header $(UPGRADE)

# One run for each processor and one more, each with servers of its own; who has done all takes
# from the others. PYTEST='-n 0' runs one test after another.
TOGETHER := -n auto --maxprocesses 8 --dist worksteal

# Tests start Python a thousand times: it need not compile what it has compiled before.
RUN_TESTS = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

# A stamp's name holds all that its environment was made from, so that a new pin, another Python
# or a moved checkout makes a new one, and nothing else does.
PYTHON_KEY := $(shell { $(PYTHON) -c 'import sys; print(sys.version, sys.base_prefix)'; } 2>/dev/null)
key = $(shell { echo '$(PYTHON_KEY) $(CURDIR)'; cat $(1); } 2>/dev/null | cksum | tr ' ' -)
RUNTIME := $(VENV)/.runtime-$(call key,requirements/runtime.txt requirements/build.txt)
PROJECT := $(VENV)/.project-$(call key,requirements/runtime.txt requirements/build.txt pyproject.toml)
DEV := $(VENV)/.dev-$(call key,requirements/runtime.txt requirements/build.txt requirements/dev.txt)

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(PROJECT) ## Make .venv with what the product needs; afterwards .venv/bin/sanderling works.

.PHONY: demo
demo: setup ## Set up, call the examples and sync accounts; DRIVER=lambda calls them on an emulator.
	@$(if $(filter lambda,$(DRIVER)),tools/need-ministack $(BIN)/python)
	@$(BIN)/sanderling demo $(if $(DRIVER),--driver $(DRIVER))

.PHONY: setup-dev
setup-dev: setup $(DEV) ## Make .venv with the tools for tests and gates as well.

.PHONY: test-needs
test-needs: setup-dev
	@tools/need-postgres $(BIN)/python
	@tools/need-redis $(BIN)/python
	@tools/need-ministack $(BIN)/python
	@tools/need-google-client $(BIN)/python
	@tools/need-graph-metadata $(BIN)/python
	@tools/need-emulate $(BIN)/python
	@tools/need-readers $(BIN)/python
	@tools/need-pgbouncer

.PHONY: test
test: test-needs ## Set up, then run every test but the nightly ones.
	@$(RUN_TESTS) $(TOGETHER) $(PYTEST)

.PHONY: coverage
coverage: test-needs ## Run the same tests, and fail when too few branches are covered.
	@$(RUN_TESTS) $(TOGETHER) --cov --cov-report=term $(PYTEST)

.PHONY: test-slow
test-slow: test-needs ## Run the nightly tests: long property runs and soaks.
	@tools/need-localemu $(BIN)/python
	@$(RUN_TESTS) -m nightly --timeout=1800 $(PYTEST)

.PHONY: gates
gates: lint types docs ## Run every check that is not a test.

.PHONY: lint
lint: setup-dev ## Check style, imports between rooms, dependencies and dead code.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/vulture

.PHONY: types
types: setup-dev ## Check types with mypy and pyright, both strict.
	$(BIN)/mypy
	$(BIN)/pyright

.PHONY: docs
docs: setup-dev ## Build the documentation into docs/_build/html; a warning is an error.
	$(BIN)/sphinx-build --nitpicky --fail-on-warning --keep-going --quiet -b html \
		docs docs/_build/html

.PHONY: format
format: setup-dev ## Put all code into house style.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: setup-dev ## Pin requirements/*.txt anew; UPGRADE=--upgrade takes the newest releases.
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) --group build -c requirements/runtime.txt -o requirements/build.txt
	$(LOCK) pyproject.toml --group dev --group build -c requirements/runtime.txt \
		-c requirements/build.txt -o requirements/dev.txt
	$(LOCK) --group postgres --no-deps -o requirements/postgres.txt
	$(LOCK) --group redis --no-deps -o requirements/redis.txt
	$(LOCK) --group ministack -o requirements/ministack.txt
	$(subst --universal --python-version 3.11,--python-version 3.13 --python-platform linux,$(LOCK)) \
		--group localemu -o requirements/localemu.txt
	$(LOCK) --group google -o requirements/google.txt
	$(LOCK) --group graph --no-deps -o requirements/graph.txt
	$(LOCK) --group readers -o requirements/readers.txt

.PHONY: bench
bench: setup-dev ## Measure what a call costs, beside other ways to run the same code.
	$(BIN)/python -m bench call

.PHONY: clean
clean: ## Remove everything that these targets made.
	rm -rf $(VENV) dist docs/_build .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache \
		.ruff_cache .import_linter_cache .schemathesis

$(RUNTIME):
	@tools/make-venv '$(PYTHON)' $(VENV)
	@echo 'Installing pinned requirements'
	@$(PINNED) -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(PROJECT): $(RUNTIME)
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.project-* && touch $@
	@echo '$(BIN)/sanderling is ready'

$(DEV): $(RUNTIME)
	@echo 'Installing pinned development requirements'
	@$(PINNED) -r requirements/dev.txt
	@rm -f $(VENV)/.dev-* && touch $@
