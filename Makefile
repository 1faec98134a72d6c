# `make demo` and `make test` do all the set-up themselves, into a cache folder of Trunkline's own
# (TRUNKLINE_CACHE, by default ~/.cache/trunkline); nothing on the system is changed.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# LANGUAGE in the environment is the desktop's list of languages, so only the command line counts.
ifneq ($(origin LANGUAGE),command line)
LANGUAGE := ru
endif

# Both print the python of a virtual environment, which they make when it is missing, with Asterisk, Redis, voices and
# the recogniser's model beside it: the one to run calls, the other with the tools of the tests.
RUN := sh provision/venv.sh --with-parts requirements/local.txt
VENV := sh provision/venv.sh --with-parts requirements/dev.txt
TIERS ?= tests/test_architecture.py tests/unit tests/contract tests/integration tests/e2e

.PHONY: help demo up down test lint unit integration e2e containers bench lock env

help: ## show this
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## place a real call and show it (LANGUAGE=en for English)
	@python=$$($(RUN)) && exec $$python -m demo --language $(LANGUAGE)

up: ## leave the whole stack running and say which extension to dial
	@python=$$($(RUN)) && exec $$python -m demo.up

down: ## stop what `make up` started
	@python=$$($(RUN)) && exec $$python -m demo.down

test: lint ## the whole suite: static checks, then every tier on real servers
	@python=$$($(VENV)) && exec $$python -m pytest $(TIERS)

lint: ## ruff and mypy
	@python=$$($(VENV)) && $$python -m ruff check . && $$python -m ruff format --check . && $$python -m mypy

unit: ## the pure tests, in seconds
	@python=$$($(VENV)) && exec $$python -m pytest -q tests/test_architecture.py tests/unit tests/contract

integration: ## against a real Redis
	@python=$$($(VENV)) && exec $$python -m pytest tests/integration

e2e: ## real calls on a real Asterisk
	@python=$$($(VENV)) && exec $$python -m pytest tests/e2e

containers: ## build the images, run compose and call into it (needs a Docker engine)
	@python=$$($(VENV)) && exec $$python -m pytest tests/containers

bench: ## measure, print beside the bars, write bench/results.json
	@python=$$($(RUN)) && exec $$python -m bench

lock: ## lock the requirements anew
	@python=$$($(VENV)) && exec $$python requirements/lock.py

env: ## a .env with generated passwords for docker compose
	@exec sh deploy/new-env.sh
