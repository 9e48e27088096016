# `make` alone prints what there is. Everything is built in .venv; nothing is installed outside it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip
TYPESCRIPT := clients/typescript
PAGES := clients/example
INTEGRATION := clients/integration/typescript
CONFORMANCE := tests/conformance/node
# A database of a test's own is six hundred files, made and removed: in memory, where there is room.
MEMORY = $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print "TMPDIR=/dev/shm"}')
# Otherwise every program that a test starts compiles its own text again.
unexport PYTHONDONTWRITEBYTECODE
# The one place where packages come from is what the machine is configured for: no host stands here.
LOCK := $(UV) compile --quiet --generate-hashes --no-emit-index-url --universal --no-header -p 3.11

##@ Try it

.PHONY: run
run: .venv/.ready-run ## Start everything, walk one case to a published report, stay until Ctrl-C
	@$(MAKE) --silent pages || echo "The pages at / could not be built; everything else starts." >&2
	@exec $(BIN)/hoeksteen run

.PHONY: demo
demo: .venv/.ready-run ## The same walk in a new organisation, then stop; the exit status says how it went
	@exec $(BIN)/hoeksteen demo

.PHONY: traces
traces: .venv/.ready-run ## Look at the traces of `make run` in a browser on this machine, beside it
	@exec $(BIN)/python -m shared.local.traces

##@ Try to break it

.PHONY: faults
faults: .venv/.ready ## Make everything fail under load, then count (PART=cluster|main|replicas SEED=n; MINUTES=n SHORT=1 KINDS=words; COMMANDS=n)
	@exec $(BIN)/python -m $(if $(filter-out cluster,$(PART)),bench.faults --part $(PART) $(if $(COMMANDS),--commands $(COMMANDS)),bench.faults_cluster \
	  $(if $(MINUTES)$(SHORT),--minutes $(or $(MINUTES),3)) $(if $(KINDS),--kinds '$(KINDS)')) $(if $(SEED),--seed $(SEED))

.PHONY: upgrade
upgrade: .venv/.ready ## From the last release to this one, back and there again, under load (FROM=commit SEED=n)
	@exec $(BIN)/python -m bench.upgrade $(if $(FROM),--from $(FROM)) $(if $(SEED),--seed $(SEED))

.PHONY: soak
soak: .venv/.ready ## Half of what the machine bears: does memory grow, does anything lag? (MINUTES=n, 30 by default)
	@exec $(BIN)/python -m bench.soak $(if $(MINUTES),--minutes $(MINUTES))

.PHONY: rehearse
rehearse: .venv/.ready ## Follow docs/restore.md: lose a moment, then everything, and put it back, with times
	@$(BIN)/pytest -q -s tests/system/test_restore.py

.PHONY: attack
attack: .venv/.ready ## Attack log, figures, gateway and integrations in every known way (PART=ledger|anonymity|gateway|integration SEED=n ORGANISATIONS=n)
	@$(if $(filter-out anonymity,$(or $(PART),ledger)),$(BIN)/python -m bench.attack_$(or $(PART),ledger))
	@$(if $(filter anonymity,$(or $(PART),anonymity)),$(BIN)/python -m bench.attack_anonymity \
	  $(if $(SEED),--seed $(SEED)) $(if $(ORGANISATIONS),--organisations $(ORGANISATIONS)))
	@$(if $(PART),,$(BIN)/python -m bench.attack_gateway)
	@$(if $(PART),,$(BIN)/python -m bench.attack_integration)

.PHONY: fuzz
fuzz: .venv/.ready-fuzz ## Schemathesis over each role's schema, on everything that runs (PART=role EXAMPLES=n SEED=n)
	@exec env PYTHONPATH=.venv/fuzz $(BIN)/python -m bench.fuzz \
	  $(if $(PART),--part $(PART)) $(if $(EXAMPLES),--examples $(EXAMPLES)) $(if $(SEED),--seed $(SEED))

.PHONY: manifests
manifests: .venv/.ready-manifests ## Hold both Kubernetes overlays against schemas, our policies and checkov (needs kubectl)
	@exec $(BIN)/python -m bench.manifests

.PHONY: image
image: .venv/.ready-image ## Build images twice, compare, look into them, start them as 65532 (needs buildah, root; PART=service BASE=debian|image)
	@exec $(BIN)/python -m bench.image $(if $(PART),--service $(PART)) $(if $(BASE),--base $(BASE))

.PHONY: mutate
mutate: .venv/.ready ## Put small faults in intake's rules; a test must notice each (PART=module, default all)
	@exec nice -n 19 $(BIN)/python -m bench.mutate $(if $(PART),--part $(PART))

.PHONY: conformance
conformance: .venv/.ready $(CONFORMANCE)/node_modules/.ready ## GraphQL over HTTP, WebSocket and SSE against others' suites and clients (needs npm)
	@exec $(BIN)/python -m bench.conformance

##@ Measure it

.PHONY: bench
bench: .venv/.ready ## Ratios against their bounds, of one run on this machine (PART=store|verify|proofs|tick|utility|detector|intake|reporting|gateway|flow|capacity)
	@exec $(BIN)/python -m bench.$(or $(PART),store) $(if $(COMPARE),--compare $(COMPARE))

##@ Work on it

.PHONY: setup
setup: .venv/.ready typescript pages ## Make .venv with everything that is needed to run and to test
	@echo "Ready: .venv"

.PHONY: test
test: .venv/.ready ## Check everything, then run all tests on real parts (with CI set, a skip is a failure, but of an image)
	@$(MAKE) --jobs 2 --output-sync=target check pages collected
	@# Half of a test is waiting for other programs: three at once for two processors.
	@$(MEMORY) $(BIN)/pytest -n $$(( $$(nproc) * 3 / 2 )) --dist loadfile --no-loadscope-reorder --max-worker-restart 0

# Each worker reads all tests; whoever reads them first keeps what it made of their text.
.PHONY: collected
collected: .venv/.ready
	@$(BIN)/pytest --collect-only -qq >/dev/null || true # what is wrong, the run tells

.PHONY: check
check: lint types contracts ## lint, types and contracts

.PHONY: lint
lint: .venv/.ready ## ruff: style and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

.PHONY: types
types: .venv/.ready ## mypy --strict
	@$(BIN)/mypy

.PHONY: contracts
contracts: .venv/.ready ## import-linter: who may import whom
	@PYTHONPATH=clients/python $(BIN)/lint-imports --no-logo

.PHONY: typescript
typescript: $(if $(shell command -v npm),$(TYPESCRIPT)/dist/.ready tests/oidc/node_modules/.ready tests/asyncapi/node_modules/.ready $(INTEGRATION)/dist/.ready) ## Build the TypeScript client, where there is npm

.PHONY: pack
pack: typescript ## Pack the TypeScript client: clients/typescript/hoeksteen-client-*.tgz
	@cd $(TYPESCRIPT) && npm pack --silent

.PHONY: pages
pages: $(if $(shell command -v npm),$(PAGES)/dist/.ready) ## Build the pages that are served at /, where there is npm

.PHONY: lock
lock: .venv/.ready ## Write requirements/*.txt anew, with hashes, from pyproject.toml
	@printf 'uv==0.13.9\n' | $(LOCK) --no-annotate -o requirements/uv.txt -
	@$(LOCK) --extra local --extra dev -o requirements/dev.txt pyproject.toml
	@$(LOCK) --group fuzz -c requirements/dev.txt -o requirements/fuzz.txt
	@$(LOCK) --group manifests -o requirements/manifests.txt
	@$(LOCK) --group image -o requirements/image.txt
	@$(LOCK) --extra local -o requirements/run.txt pyproject.toml
	@$(LOCK) -c requirements/run.txt -o requirements/service.txt pyproject.toml

.PHONY: dashboards
dashboards: .venv/.ready ## Write dashboards and alert rules anew, from deploy/observability/make.py
	@$(BIN)/python deploy/observability/make.py

.PHONY: clean
clean: ## Remove what was built and cached; the data in var/ stay
	@rm -rf $(TYPESCRIPT)/dist $(TYPESCRIPT)/src/roles $(TYPESCRIPT)/node_modules $(PAGES)/dist $(PAGES)/node_modules
	@rm -rf $(CONFORMANCE)/node_modules
	@rm -rf tests/oidc/node_modules tests/asyncapi/node_modules $(INTEGRATION)/node_modules $(INTEGRATION)/dist
	@rm -rf .venv .mutation_cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Print this
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: first what runs Hoeksteen, then what tests it, so that `make demo` needs less.

.venv/bin/uv: requirements/uv.txt
	@[ -w . ] || { echo "This folder ($(CURDIR)) cannot be written; clone it where you may write." >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed; '$(PYTHON)' is not installed." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; choose one with: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's module venv is missing; install it first: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@# No build step: the checkout itself is what Python imports.
	@printf '%s\n' "$(CURDIR)" "$(CURDIR)/clients/python" \
	  > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/hoeksteen.pth"
	@printf '%s\n' '#!$(CURDIR)/.venv/bin/python' 'from shared.cli import main' '' 'main()' > $(BIN)/hoeksteen
	@chmod +x $(BIN)/hoeksteen
	@touch $@

.venv/.ready-run: .venv/bin/uv requirements/run.txt
	@$(UV) install --quiet -p $(BIN)/python --compile-bytecode --require-hashes -r requirements/run.txt
	@touch $@

.venv/.ready: .venv/.ready-run requirements/dev.txt
	@$(UV) install --quiet -p $(BIN)/python --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@

# Schemathesis lies apart: as a plugin of pytest it would be loaded in every run of the tests.
.venv/.ready-fuzz: .venv/.ready requirements/fuzz.txt
	@rm -rf .venv/fuzz
	@$(UV) install --quiet -p $(BIN)/python --target .venv/fuzz --require-hashes -r requirements/fuzz.txt
	@touch $@

# checkov lies apart too: it is large, and wants other versions of what the tests use.
.venv/.ready-manifests: .venv/.ready requirements/manifests.txt
	@rm -rf .venv/manifests
	@$(UV) install --quiet -p $(BIN)/python --target .venv/manifests --require-hashes -r requirements/manifests.txt
	@touch $@

# The tool that lists what an image is made of, for the same reason.
.venv/.ready-image: .venv/.ready requirements/image.txt
	@rm -rf .venv/image
	@$(UV) install --quiet -p $(BIN)/python --target .venv/image --require-hashes -r requirements/image.txt
	@touch $@

# The TypeScript client: what it needs, then what is made of it. Without npm its tests say what to
# install and are skipped.

$(TYPESCRIPT)/node_modules/.ready: $(addprefix $(TYPESCRIPT)/,package.json package-lock.json .npmrc)
	@cd $(TYPESCRIPT) && npm ci --loglevel=error --no-audit --no-fund
	@touch $@

$(CONFORMANCE)/node_modules/.ready: $(addprefix $(CONFORMANCE)/,package.json package-lock.json .npmrc)
	@cd $(CONFORMANCE) && npm ci --loglevel=error --no-audit --no-fund
	@touch $@

$(INTEGRATION)/dist/.ready: $(addprefix $(INTEGRATION)/,package.json package-lock.json .npmrc tsconfig.json src/receive.ts)
	@cd $(INTEGRATION) && npm ci --loglevel=error --no-audit --no-fund && npm run --silent build
	@touch $@

tests/asyncapi/node_modules/.ready: $(addprefix tests/asyncapi/,package.json package-lock.json .npmrc)
	@cd tests/asyncapi && npm ci --loglevel=error --no-audit --no-fund
	@touch $@

tests/oidc/node_modules/.ready: $(addprefix tests/oidc/,package.json package-lock.json .npmrc)
	@cd tests/oidc && npm ci --loglevel=error --no-audit --no-fund
	@touch $@

$(TYPESCRIPT)/dist/.ready: $(TYPESCRIPT)/node_modules/.ready $(TYPESCRIPT)/tsconfig.json \
    $(wildcard $(addprefix $(TYPESCRIPT)/,src/*.ts src/ledger/*.ts test/*.ts generator/*.ts operations/*.graphql)) \
    $(wildcard services/gateway/sdl/*.graphql)
	@rm -rf $(TYPESCRIPT)/dist $(TYPESCRIPT)/src/roles
	@cd $(TYPESCRIPT) && npm run --silent build
	@touch $@

# The pages stand on the TypeScript client as it was built.

$(PAGES)/node_modules/.ready: $(addprefix $(PAGES)/,package.json package-lock.json .npmrc)
	@cd $(PAGES) && npm ci --loglevel=error --no-audit --no-fund
	@touch $@

$(PAGES)/dist/.ready: $(PAGES)/node_modules/.ready $(TYPESCRIPT)/dist/.ready \
    $(addprefix $(PAGES)/,vite.config.js tsconfig.json) \
    $(wildcard $(addprefix $(PAGES)/,*.html public/* src/* src/*/*))
	@rm -rf $(PAGES)/dist
	@cd $(PAGES) && npm run --silent build
	@touch $@
