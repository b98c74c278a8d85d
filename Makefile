# Everything a developer or an operator runs from a checkout. Needs Python 3.11+, git and make; the rest is installed here.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export UV_PROJECT_ENVIRONMENT := $(VENV)
UV := $(BIN)/uv
PORT ?= 8765
# Processes that share the tests of a package. Each has a PostgreSQL of its own, and some tests a browser.
JOBS ?= 2
# A shell made for images may carry it; here every process would compile two thousand modules anew, four seconds of work each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help setup assets demo run test check format docs messages screenshots chaos load chromium clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.synced: pyproject.toml uv.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(UV) sync --quiet --locked --inexact --extra bench
	@touch $@

setup: $(VENV)/.synced assets ## Install what the lock file names and build the assets

assets: $(VENV)/.synced ## Build styles, scripts and translations, if their sources are newer
	@$(BIN)/python hatch_build.py

demo: setup ## Create the sample brand and start the product on it
	@LIULIANG_HOME=$${LIULIANG_HOME:-var/demo} exec $(BIN)/liuliang demo --port $(PORT) --with-parent

run: setup ## Start the product, empty at first
	@exec $(BIN)/liuliang up --port $(PORT) --with-parent

test: setup chromium ## Run all tests, the browser's included
	@# A process for each package: an open transaction of one holds back the readers of all, and Playwright's loop, which runs
	@# in the test's thread, makes Django open other connections there.
	@for part in $(sort $(filter-out tests/chaos/,$(wildcard tests/*/))); do \
		case $$part in *__pycache__*) continue;; esac; \
		echo "== $$part"; $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $$part || exit 1; \
	done

check: setup ## Format, lint, types, import contracts, migrations, translations, docs
	$(BIN)/ruff format --check src tests docs hatch_build.py
	$(BIN)/ruff check src tests docs hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m liuliang.ui.catalogue --check
	LIULIANG_HOME=var/check $(BIN)/liuliang check-migrations
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

format: setup ## Format and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet src tests docs hatch_build.py
	$(BIN)/ruff format --quiet src tests docs hatch_build.py

docs: setup ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

messages: setup ## Collect the words of the interface into the English catalogue
	$(BIN)/python -m liuliang.ui.catalogue

screenshots: setup chromium ## Make the pictures of the operator's guide from the sample brand
	$(BIN)/python docs/screenshots.py

chaos: setup ## Import under kill -9 fifty times and compare with an undisturbed run
	$(BIN)/python tests/chaos/trial.py --rounds 50

load: setup ## Use the console from many browsers for five minutes while parts of it are killed, and look for pauses
	$(BIN)/python tests/chaos/load.py --seconds 300

chromium:
	@for each in chromium chromium-browser google-chrome; do command -v $$each >/dev/null 2>&1 && exit 0; done; \
	if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then exit 0; fi; \
	echo "The browser tests need Chromium; installing it."; \
	if command -v apt-get >/dev/null 2>&1; then \
		SUDO=; [ "$$(id -u)" = 0 ] || SUDO="sudo -n"; \
		$$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq chromium fonts-noto-cjk fonts-noto-color-emoji >/dev/null; \
	fi; \
	command -v chromium >/dev/null 2>&1 || { echo "Install Chromium or Chrome by hand, then run this again."; exit 1; }

clean: ## Remove what was built, not the data in var/
	rm -rf $(VENV) dist build site frontend/node_modules src/liuliang/ui/static/liuliang
