# Mirab. `make` alone tells what there is.
PYTHON := .venv/bin/python
# The lock is copied beside the packages when all of them are installed.
IF_SET_UP := if [ -e .venv/installed.lock ]; then
ELSE_SAY := else echo "Mirab does not run; it was never set up here (make up)."

.PHONY: help up demo down watch watch-down status restart rabbitmqctl doctor backup restore cluster logs test check bench docs contracts migrate lock setup chaos
help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup:
	@sh deploy/local/bootstrap.sh

up: setup ## start all of Mirab on this machine; DETACH=1 returns when it is ready, DEMO=1 fills it first, SCALE=2 runs two of each part
	@$(if $(DEMO),$(if $(SCALE),SCALE=$(SCALE)) $(PYTHON) -m deploy.local demo)
	@$(if $(SCALE),SCALE=$(SCALE)) $(PYTHON) -m deploy.local up $(if $(DETACH),--detach)

demo: setup ## fill a fresh installation with ninety days of work: tickets, bills, news, inquiries
	@$(PYTHON) -m deploy.local demo

down: ## stop what `make up` started
	@$(IF_SET_UP) $(PYTHON) -m deploy.watch down; $(PYTHON) -m deploy.local down; $(ELSE_SAY); fi

watch: ## run Prometheus and Alertmanager beside `make up`, with all alerts; DETACH=1 returns when they run
	@sh deploy/local/bootstrap.sh watch
	@$(PYTHON) -m deploy.watch up $(if $(DETACH),--detach)

watch-down: ## stop what `make watch` started
	@$(IF_SET_UP) $(PYTHON) -m deploy.watch down; $(ELSE_SAY); fi

status: ## what runs
	@$(IF_SET_UP) $(PYTHON) -m deploy.local status; $(ELSE_SAY); exit 1; fi

doctor: ## what is wrong with this installation, and what to do; ALL=1 tells what is right, too
	@$(IF_SET_UP) $(PYTHON) -m deploy.doctor $(if $(ALL),--all); $(ELSE_SAY); exit 1; fi

backup: ## back up databases and files while all runs; TO=folder, on another disk
	@$(IF_SET_UP) $(PYTHON) -m deploy.backup take $(if $(TO),--in "$(TO)"); $(ELSE_SAY); exit 1; fi

restore: ## bring them back while all is down; FROM=folder, AT=2026-11-29T14:30:00Z for that moment
	@$(IF_SET_UP) $(PYTHON) -m deploy.backup restore $(if $(FROM),--in "$(FROM)") $(if $(AT),--at "$(AT)"); $(ELSE_SAY); exit 1; fi

cluster: setup ## run three RabbitMQ nodes, PostgreSQL with a standby and two of each part, break one after another, count what was lost; needs root
	@sh deploy/local/bootstrap.sh cluster
	@$(PYTHON) -W ignore -m deploy.cluster $(ARGS)

restart: ## restart one part or store, also one that was stopped: PART=billing (make status names them)
	@$(IF_SET_UP) $(PYTHON) -m deploy.local restart $(PART); $(ELSE_SAY); exit 1; fi

rabbitmqctl: ## rabbitmqctl of the broker that runs here: ARGS="list_queues name messages"
	@$(IF_SET_UP) $(PYTHON) -m deploy.local rabbitmqctl $(ARGS); $(ELSE_SAY); exit 1; fi

logs: ## follow all logs
	@$(IF_SET_UP) tail -n 20 -F $$($(PYTHON) -c 'from deploy.local.state import State; print(State.of_checkout().logs)')/*.log; $(ELSE_SAY); fi

test: ## the whole test suite, on stores of its own, in a browser too
	@sh deploy/local/bootstrap.sh test
	$(PYTHON) -m tests.whole $(ARGS)

notify-client: setup ## run the public integration test of Notify's Python client, untouched, from a checkout of it: CHECKOUT=folder
	NOTIFY_CLIENT_CHECKOUT="$(abspath $(CHECKOUT))" $(PYTHON) -m pytest -q -n 0 -k untouched tests/gateway/notify/test_notify_face.py

chaos: ## make faults on an installation of its own, and count what was lost; QUICK=1 (nine faults), FAULT=name, MINUTES=30, LIST=1, WRITE=1
	@sh deploy/local/bootstrap.sh chaos
	@$(PYTHON) -W ignore -m deploy.chaos $(if $(QUICK),--quick) $(if $(FAULT),--fault "$(FAULT)") $(if $(SEED),--seed $(SEED)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(LIST),--list) $(if $(WRITE),--write docs/survival.md)

.PHONY: fuzz
fuzz: setup ## look for inputs that a parser of strangers' bytes cannot bear: PARSER=name (or several) MINUTES=60; LIST=1 names them
	@$(PYTHON) -m tests.fuzz $(if $(LIST),--list,$(PARSER)) $(if $(MINUTES),--minutes $(MINUTES))

check: setup ## style, types and the rules of import
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

.PHONY: compose-test systemd-test image-check deploy-check sbom audit
compose-test: setup ## build images, start docker-compose.yml by podman, walk through it; needs root; KEEP=1 leaves it running
	$(PYTHON) -m deploy.compose_test $(if $(KEEP),--keep) $(if $(REBUILD),--rebuild)

systemd-test: setup ## install Debian's way into a tree, boot it with systemd, walk through it, reboot; needs root
	$(PYTHON) -m deploy.systemd_test

image-check: setup ## build our image twice and compare the layers; needs root
	$(PYTHON) -m deploy.compose_test --image

deploy-check: setup ## judge Kubernetes' manifests and systemd's units offline, by schemas, checkov and systemd
	@sh deploy/check.sh

sbom: setup ## write the bill of materials of our image (CycloneDX) to .local/sbom.json
	@sh deploy/check.sh sbom

audit: setup ## list known faults of the packages in our image; needs the network
	@sh deploy/check.sh audit

bench: ## measure; writes docs/performance.md; QUICK=1 takes two minutes and only compares
	@sh deploy/local/bootstrap.sh bench
	$(PYTHON) -m bench $(if $(QUICK),--quick)

docs: setup ## build the site of the documents, in English and Persian; checks every link
	@sh deploy/local/site.sh

contracts: setup ## release what is new in the contracts; write the errors of docs/join.md, and which contract answers with which
	$(PYTHON) -m contracts --release tests/house/contracts.json
	$(PYTHON) -m gateway --write docs/join.md
	$(PYTHON) -m tests.house.raised_codes

migrate: setup ## bring the database DB_URL of SERVICE (inquiry, ticketing, billing, notify, agencies) up to date
	@[ -n "$(SERVICE)" ] || { echo "Say which: make migrate SERVICE=billing DB_URL=postgresql://..."; exit 2; }
	$(PYTHON) -m bus migrate services.$(SERVICE)

lock: setup ## pin the newest packages with hashes (needs the program uv)
	uv pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements-dev.in -o requirements.lock
	uv pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements-docs.in -o requirements-docs.lock
	uv pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements.in -c requirements.lock -o requirements-image.lock
	uv pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements-deploy.in -o requirements-deploy.lock
	uv pip compile -q --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements-fuzz.in -o requirements-fuzz.lock
