# The menu: `make` alone shows it. Every target that needs packages makes .venv first.

PYTHON ?= python3
VENV := .venv/bin/python
INFRA := $(VENV) -m infra.local

# A venv whose Python is gone (after an upgrade of the system's) counts as not made.
ifneq ($(wildcard .venv/.stamp),)
ifneq ($(shell $(VENV) -c 'print(1)' 2>/dev/null),1)
$(shell rm -f .venv/.stamp)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help up down ps logs seed shell token tasks migrations run config test fuzz testaccept lint fmt bench bench-tasks \
	contracts tables breaking drift clients bundle deploy rollback status cleanup rehearse image sbom testimage stacks secret \
	policy requirements clean
# One target after the other: `make down up` means that order, under -j, too.
.NOTPARALLEL:
# Recipes show what they do in their own words.
MAKEFLAGS += --no-print-directory

##@ The stack

up: .venv/.stamp ## Start everything and wait until it is ready (MODE=native|compose)
	@$(INFRA) up

down: .venv/.stamp ## Stop everything; the data stays
	@$(INFRA) down

ps: .venv/.stamp ## Show what is running
	@$(INFRA) ps

logs: .venv/.stamp ## Follow the logs (SERVICE=todos for one service)
	@$(INFRA) logs $(SERVICE)

seed: .venv/.stamp ## Make a demo user with some todos
	@$(INFRA) seed

shell: .venv/.stamp ## Open a Python prompt with a service loaded (SERVICE=todos)
	@$(INFRA) shell $(or $(SERVICE),todos)

token: .venv/.stamp ## Print an access token (ARGS="--subject demo --audience todos")
	@$(INFRA) token $(ARGS)

tasks: .venv/.stamp ## See and mend what tasks have to do (SERVICE=todos ARGS="list --status parked")
	@$(INFRA) tasks $(or $(SERVICE),todos) $(ARGS)

migrations: .venv/.stamp ## See and start the migrations of what is stored (SERVICE=todos ARGS="list")
	@$(INFRA) migrations $(or $(SERVICE),todos) $(ARGS)

run: .venv/.stamp ## Run a command of a service (SERVICE=auth ARGS="admin grant ada@example.com admin")
	@$(INFRA) run $(SERVICE) $(ARGS)

config: .venv/.stamp ## Show what a service is told, and by what (SERVICE=todos ENVIRONMENT=live)
	@$(INFRA) config $(or $(SERVICE),todos) $(ENVIRONMENT)

##@ The checks

# Tests start hundreds of processes: each would compile all that it imports where nothing compiled is kept.
test fuzz: export PYTHONDONTWRITEBYTECODE =

test: .venv/.stamp ## Run every test but the acceptance tests (ARGS="-k name")
	@$(VENV) -m pytest -n auto --dist worksteal $(ARGS)

fuzz: .venv/.stamp ## Run the property tests with other examples than every time (FUZZ=200 of each)
	@FUZZ=$(or $(FUZZ),200) $(VENV) -m pytest -n auto --dist worksteal -m "hypothesis or fuzz" $(ARGS)

testaccept: .venv/.stamp ## Run the acceptance tests against what is up (ARGS="-k name")
	@$(INFRA) testaccept $(ARGS)

lint: .venv/.stamp ## Check format, style, types, who imports whom, Dockerfiles, workflows, apis/published/, and infra/stacks/data/
	@$(VENV) -m ruff format --check . || { echo "\`make fmt\` repairs the format" >&2; exit 1; }
	@$(VENV) -m ruff check --quiet .
	@$(VENV) -m mypy
	@said=$$($(VENV) -c 'from importlinter.cli import lint_imports_command as lint; lint()' 2>&1) || { \
		echo "$$said" >&2; exit 1; }
	@echo "Imports: who may import whom is kept (pyproject.toml, [tool.importlinter])"
	@.venv/bin/hadolint Dockerfile infra/*/Dockerfile
	@.venv/bin/zizmor --quiet --offline --no-progress --strict-collection .github
	@.venv/bin/cfn-lint 'infra/stacks/**/*.yaml'
	@$(VENV) -m infra.contracts lint
	@$(VENV) -m infra.contracts breaking
	@$(VENV) -m infra.tables breaking

fmt: .venv/.stamp ## Repair format, imports and what else ruff can
	@$(VENV) -m ruff check --quiet --fix-only .
	@$(VENV) -m ruff format --quiet .

bench: .venv/.stamp ## Compare the CPU of a request with plain Flask services' (ARGS="--rounds 5 --requests 200")
	@$(VENV) -m bench $(ARGS)

bench-tasks: .venv/.stamp ## Kill what is around tasks, count what is lost, compare with Celery (ARGS="--tasks 200")
	@$(VENV) -m bench.tasks $(ARGS)

contracts: .venv/.stamp ## Write apis/published/, the complete OpenAPI documents, the types of their objects, and docs/settings.md
	@$(VENV) -m libs.service.contracts
	@$(VENV) -m libs.api.stubs

tables: .venv/.stamp ## Write infra/stacks/data/, the CloudFormation templates of the tables
	@$(VENV) -m infra.tables write

breaking: .venv/.stamp ## Tell what would break clients, or tables in use (BASE=v1.4 to compare with)
	@found=0; $(VENV) -m infra.contracts breaking $(if $(BASE),--base '$(BASE)') || found=$$?; \
		$(VENV) -m infra.tables breaking $(if $(BASE),--base '$(BASE)') || found=$$?; exit $$found

drift: .venv/.stamp ## Tell where the tables of a stage are not as the models have them (STAGE=live)
	@$(VENV) -m infra.tables drift $(or $(STAGE),staging)

clients: .venv/.stamp ## Write dist/clients/, in TypeScript and Python, and check that they compile
	@$(VENV) -m infra.contracts clients

##@ Delivery

bundle: .venv/.stamp ## Write what Beanstalk is given into dist/ (SERVICE=todos STAGE=live ARGS="--commit …")
	@$(VENV) -m infra.bundle '$(SERVICE)' '$(STAGE)' $(ARGS)

deploy: .venv/.stamp ## Bring this commit to a stage (SERVICE=todos STAGE=staging ARGS="--dry-run --json --yes")
	@$(VENV) -m infra.deploy deploy '$(SERVICE)' '$(STAGE)' $(ARGS)

rollback: .venv/.stamp ## Bring clients back to what they had before (SERVICE=todos STAGE=staging ARGS="--to COMMIT")
	@$(VENV) -m infra.deploy rollback '$(SERVICE)' '$(STAGE)' $(ARGS)

status: .venv/.stamp ## Show what stands at a stage (STAGE=staging)
	@$(VENV) -m infra.deploy status '$(SERVICE)' '$(STAGE)' $(ARGS)

cleanup: .venv/.stamp ## Terminate the environments that nobody needs (STAGE=staging)
	@$(VENV) -m infra.deploy cleanup '$(SERVICE)' '$(STAGE)' $(ARGS)

rehearse: .venv/.stamp ## Deploy, upgrade and roll back on this machine (ARGS="--processes --verbose")
	@$(VENV) -m infra.standin.rehearsal $(ARGS)

##@ The images

image: .venv/.stamp ## Build the image of a service, by commit (SERVICE=todos PLATFORM=linux/arm64)
	@$(VENV) -m infra.image build $(SERVICE)

sbom: .venv/.stamp ## Build an image and write to dist/sbom/ what is in it, in CycloneDX (SERVICE=todos)
	@$(VENV) -m infra.image sbom $(SERVICE)

testimage: .venv/.stamp ## Look into the images and start them; needs a Docker engine (ARGS="-k name")
	@TEST_IMAGES=1 $(VENV) -m pytest infra/image/tests/test_images.py $(ARGS)

##@ In AWS

stacks: .venv/.stamp ## Make or change what a stage stands on (STAGE=live ARGS=--dry-run; docs/production.md)
	@$(VENV) -m infra.stacks apply $(ARGS) -- '$(STAGE)'

secret: .venv/.stamp ## Put an entry into a service's secret (STAGE=live SERVICE=auth ENTRY=smtp_url)
	@$(VENV) -m infra.stacks secret -- '$(STAGE)' '$(SERVICE)' '$(ENTRY)'

policy: .venv/.stamp ## Check the stacks against checkov's rules, in a venv of its own
	@$(VENV) -m infra.stacks policy

##@ The packages

requirements: .venv/.stamp ## Pin requirements/*.in with hashes (ARGS=--upgrade for newer versions)
	@for name in runtime dev flower java node policy emulator; do \
		$(VENV) -m uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header \
			--output-file requirements/$$name.txt $(ARGS) requirements/$$name.in || exit 1; \
	done

clean: ## Stop everything, then remove the data of both modes, .venv, .local and the tools' caches
	@if [ -e .venv/.stamp ]; then $(INFRA) down --data; \
		else docker compose --file docker-compose.yml --profile '*' down --volumes >/dev/null 2>&1 || true; fi
	@rm -rf .venv .local dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: MODE SERVICE STAGE ENVIRONMENT ARGS BASE FUZZ PYTHON, and a port each: AUTH_PORT PROFILES_PORT TODOS_PORT DYNAMODB_PORT REDIS_PORT"

# The stamp is written last: a venv without it was cut short, and is made again from nothing.
.venv/.stamp: requirements/dev.txt
	@command -v $(PYTHON) >/dev/null || { \
		echo "Error: $(PYTHON) was not found: install Python 3.11 or newer, or set PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Error: Python 3.11 or newer is needed and $(PYTHON) is $$($(PYTHON) -V 2>&1): set PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Error: $(PYTHON) cannot make a virtual environment: install its venv module (Debian: apt install python3-venv)" >&2; \
		exit 1; }
	@if [ ! -e $@ ]; then rm -rf .venv; $(PYTHON) -m venv .venv; fi
	@echo "Installing the packages of requirements/dev.txt into .venv ..." >&2
	@$(VENV) -m pip install --quiet --quiet --require-hashes --disable-pip-version-check -r requirements/dev.txt || { \
		echo "Error: the packages could not be installed, see above; \`make\` tries again" >&2; exit 1; }
	@touch $@
