# The project's commands. `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.PHONY: help setup dev run test check lock messages bench soak clean

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMPS := $(VENV)/stamps
# pip's own words, cut down to one name a package, so that a slow line shows that it moves.
INSTALL := $(PYTHON) -m pip --disable-pip-version-check --no-input install --progress-bar off --require-hashes
SHOWN := | sed -nuE 's/^ *Collecting ([^ =;]*).*/  \1/p'
# The environment's programs first: a Node that setup brought is found like the system's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
say = printf '\033[1m%s\033[0m\n'

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMPS)/static  ## everything that must be there before anything runs
dev: setup $(STAMPS)/dev  ## the same, and what tests and checks need

run: setup  ## the whole product on http://127.0.0.1:8000
	@exec $(PYTHON) manage.py run --tied

# First on SQLite, under another time zone, then everything on PostgreSQL.
test: dev  ## all tests but the long ones
	@$(PYTHON) -m tests.services.chromium
	@$(PYTHON) -m tests.services.caddy
	TEST_DATABASE=sqlite TZ=America/New_York $(PYTHON) -m pytest -q -n auto
	$(PYTHON) -m pytest -q -n auto

soak: dev  ## the long fault runs
	$(PYTHON) -m pytest -q -m soak

bench: dev  ## measurements, into docs/benchmarks.md
	$(PYTHON) -m tests.bench --big

check: dev  ## linters, types, imports, migrations, translations
	@$(PYTHON) -m tests.check

messages: dev  ## collect texts into locale/ (needs gettext: apt-get install gettext)
	$(PYTHON) manage.py makemessages --all --no-location --no-wrap \
	  --ignore node_modules --ignore .venv --ignore tests --ignore var

LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links
lock: $(STAMPS)/dev  ## compile requirements*.in into requirements*.txt; UPGRADE=1 takes newer ones
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) requirements-node.in -o requirements-node.txt

clean:  ## remove what setup made, but not var/
	rm -rf $(VENV) node_modules static/dist staticfiles

# --- setup, step by step: each is done again only when what it is made from changed ------
$(STAMPS)/venv:
	@python3 -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version)'
	@$(say) 'Making $(VENV) …'
	@test -x $(PYTHON) || python3 -m venv $(VENV) || { \
	  echo 'python3 cannot make a virtual environment; Debian: apt-get install python3-venv' >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: requirements.txt | $(STAMPS)/venv
	@$(say) 'Installing what the product runs on (a minute at first) …'
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip >/dev/null
	@$(INSTALL) -r requirements.txt $(SHOWN)
	@touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/run
	@$(say) 'Installing what tests and checks need …'
	@$(INSTALL) -r requirements-dev.txt $(SHOWN)
	@touch $@

# Node only builds the bundles. A system's own of version 20 or newer is taken.
$(STAMPS)/node: requirements-node.txt $(STAMPS)/run
	@node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' 2>/dev/null && command -v npm >/dev/null || { \
	  $(say) 'Installing Node into $(VENV), to build the bundles …'; \
	  $(INSTALL) -r requirements-node.txt $(SHOWN); }
	@touch $@

$(STAMPS)/npm: package-lock.json package.json .npmrc $(STAMPS)/node
	@$(say) 'Installing what the bundles are made with …'
	@npm ci --no-progress --loglevel=error
	@touch $@

$(STAMPS)/bundles: $(STAMPS)/npm $(shell find frontend -type f 2>/dev/null)
	@$(say) 'Building scripts, styles and fonts …'
	@npm run --silent build
	@touch $@

$(STAMPS)/translations: $(wildcard locale/*/LC_MESSAGES/*.po) $(STAMPS)/run
	@$(PYTHON) manage.py compilemessages --verbosity 0
	@touch $@

$(STAMPS)/static: $(STAMPS)/bundles $(STAMPS)/translations $(shell find static -type f -not -path 'static/dist/*' 2>/dev/null)
	@$(PYTHON) manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@
