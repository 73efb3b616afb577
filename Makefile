# `make` lists everything. `make run` is all you need to try Sluice.

# The first of these that suits is used; name another one with make PYTHON=/path/to/python3.12
PYTHON ?= python3.12 python3.11 python3
SUITS = 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))'
BIN = .venv/bin
INSTALL = $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes --requirement
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host pyproject.toml
# Handed on to the command: make run ARGS="--port 9000", make test ARGS="-k keys"
ARGS ?=

.DEFAULT_GOAL = help
.PHONY: help run demo setup setup-dev test check format bench quality lock translations clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: setup ## Start everything on this machine, with a demo the first time (ARGS="--port 9000")
	@exec $(BIN)/sluice up $(ARGS)

demo: setup-dev ## Start a small blog with a comment form beside Sluice (ARGS="--port 8081 --sluice-port 9000")
	@PYTHONPATH=examples exec $(BIN)/python -m blog $(ARGS)

setup: .venv/.installed ## Make .venv with .venv/bin/sluice in it

# In the order of the folders, the slow ones (e2e) come early, and both processes end at about the same time.
test: setup-dev ## Run all tests (ARGS="-k keys")
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup-dev ## Style, format, types, import contracts and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit tests/guard clients/python/tests -m "not slow" $(ARGS)

format: setup-dev ## Format the code and repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-dev ## Measure speed and memory of the real stack
	$(BIN)/python -m benchmarks $(ARGS)

quality: setup-dev ## Measure the decisions on the labelled data, whole sources left out (ARGS="--quick")
	$(BIN)/python -m benchmarks.quality $(ARGS)

lock: setup-dev ## Renew both lock files; needs a .venv of Python 3.11, the oldest that we support
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Use: make clean lock PYTHON=python3.11")'
	$(COMPILE) --upgrade --output-file requirements.lock
	$(COMPILE) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock

translations: setup-dev ## Gather the desk's sentences, add new ones to each language, compile
	@mkdir -p build
	$(BIN)/pybabel --quiet extract --mapping babel.cfg --keywords lazy_gettext --omit-header --no-location --no-wrap --sort-output \
		--output build/desk.pot service
	$(BIN)/pybabel --quiet update --domain desk --ignore-pot-creation-date --no-wrap --no-fuzzy-matching --ignore-obsolete \
		--input-file build/desk.pot --output-dir service/translations
	$(BIN)/pybabel --quiet compile --domain desk --directory service/translations

clean: ## Remove .venv and caches; the data folder stays
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -path ./data -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made once and again when the lock files change; an unsuitable machine gets one sentence.
setup-dev: .venv/.installed-dev

.venv/.installed: pyproject.toml requirements.lock
	@test "$$(uname -sm)" = "Linux x86_64" || { echo "Sluice sets itself up on x86-64 Linux only; elsewhere install Redis or Valkey and Python 3.12, then: pip install ." >&2; exit 1; }
	@for name in $(PYTHON); do ( "$$name" -c $(SUITS) ) >/dev/null 2>&1 && python="$$name" && break; done; \
	test -n "$$python" || { echo "Sluice needs Python 3.11 or 3.12 (looked for: $(PYTHON)): install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$$python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }; \
	echo "Setting up .venv with $$("$$python" --version); what it needs is downloaded the first time."; \
	( $(BIN)/python -c $(SUITS) ) >/dev/null 2>&1 || "$$python" -m venv --clear .venv
	@$(INSTALL) requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.lock clients/python/pyproject.toml .venv/.installed
	@$(INSTALL) requirements-dev.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable clients/python
	@touch $@
