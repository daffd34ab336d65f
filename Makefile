# Targets are one line each; what they do is in scripts/, tools/, benchmarks/ and monitoring/.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
OVERLAY ?= local

help:  ## Show this help
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup:  ## Install Tesseract, a virtual environment and everything locked
	@scripts/setup

run:  ## Start both servers and read a sample: IMAGE=path ONESHOT=1 TRANSFORMER_PORT= PREDICTOR_PORT=
	@scripts/setup run && exec $(PYTHON) -m tools.run

observe: setup  ## Start both servers under load, scraped by a real Prometheus
	@exec $(PYTHON) -m tools.observe

check: lint types test test-long  ## Everything that must pass before a commit

test: setup  ## All tests but the long ones, on all CPUs
	@$(PYTHON) -m pytest --numprocesses=auto -m "not long"

test-long: setup  ## The tests that send huge requests, compile, or start a test run of their own
	@$(PYTHON) -m pytest --numprocesses=auto -m long

coverage: setup  ## All tests with branch coverage of what is shipped; fails under the limit in pyproject.toml
	@scripts/coverage

test-quick: setup  ## The tests that need no servers: units, manifests, rules
	@$(PYTHON) -m pytest --numprocesses=auto -m "not servers and not long" \
		tests/deploy tests/docs tests/kserve_ocr tests/monitoring tests/transformer tests/test_repository.py \
		--ignore=tests/deploy/test_combinations.py --ignore=tests/deploy/test_models_script.py \
		--ignore=tests/kserve_ocr/test_settings.py --ignore=tests/kserve_ocr/workers \
		--ignore=tests/transformer/pipeline/test_decode_pool.py --ignore=tests/transformer/test_wake_up.py

lint: setup  ## Lint, formatting, import rules and declared dependencies
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && .venv/bin/lint-imports --no-logo && scripts/check-dependencies

types: setup  ## Static types
	@$(PYTHON) -m mypy

e2e: setup  ## End-to-end tests: calls against OCR_URL=, or deploy, scale, canary and rollout on the cluster in KUBECONFIG=
	@$(PYTHON) -m pytest tests/e2e

bench: setup  ## Benchmark against the legacy system, the tesseract CLI and in-process Tesseract: DOCS=folder QUICK=1
	@$(PYTHON) -m benchmarks.speed

bench-overhead: setup  ## Overhead of the service on an A4 page, and health probes under load
	@$(PYTHON) -m benchmarks.overhead

bench-order: setup  ## CPU time that reading order takes for 1,000 words: ROUNDS=20
	@$(PYTHON) -m benchmarks.speed.order

bench-line: setup  ## CPU time of a text line here and at an older commit: AGAINST=commit ROUNDS=10
	@$(PYTHON) -m benchmarks.speed.line_cost --against "$(AGAINST)"

bench-pdf: setup  ## Searchable PDFs beside OCRmyPDF, after make rivals: DOCS=folder ROUNDS=3
	@$(PYTHON) -m benchmarks.pdf

bench-scraping: setup  ## Throughput with and without one scrape per second
	@$(PYTHON) -m benchmarks.scrape_cost

bench-start: setup  ## Process start to ready, and where the time goes
	@$(PYTHON) -m benchmarks.startup

soak: setup  ## Recognize two thousand mixed pages; check memory, zombies and leftover files
	@$(PYTHON) -m benchmarks.soak

chaos: setup  ## Twelve clients while workers are killed and stopped; check every answer and what is left: SECONDS=480 SEED=
	@$(PYTHON) -m benchmarks.chaos

accuracy: setup  ## Character errors by set, compared with plain Tesseract (and RapidOCR after make rivals): DOCS=folder STEPS=yes
	@$(PYTHON) -m benchmarks.accuracy --docs "$(DOCS)" $(if $(STEPS),--steps)

rivals:  ## Install RapidOCR for make accuracy and OCRmyPDF for make bench-pdf, in an environment of their own
	@scripts/rivals

audit: setup  ## Look up known vulnerabilities of all pinned dependencies
	@$(PYTHON) -m tools.audit

fuzz: setup  ## Fuzz the decoders with damaged documents, and both servers by OpenAPI and by request: SECONDS=600 EXAMPLES=20000
	@$(PYTHON) -m benchmarks.decoder_fuzz --seconds $(or $(SECONDS),600)
	@$(PYTHON) -m benchmarks.api_fuzz --seconds $(or $(SECONDS),600)
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),20000) $(PYTHON) -m pytest -q tests/fuzz

bench-acceleration: setup  ## CPU time that each part of the acceleration saves: DOCS=folder
	@$(PYTHON) -m benchmarks.acceleration "$(DOCS)"

pdfa: setup  ## Validate PDF/A of every kind of document with veraPDF; needs Maven and a JDK
	@scripts/pdfa

fuzz-native:  ## Random shapes through the C++ code, built with sanitizers: SECONDS= SEED=
	@SECONDS_TO_RUN=$(or $(SECONDS),300) scripts/fuzz-native

parity: setup  ## Compare accelerated and unmodified Tesseract on random images: SECONDS= SEED=
	@SECONDS=$(or $(SECONDS),300) $(PYTHON) -m benchmarks.simd_parity

dashboards: setup  ## Regenerate the manifest of the alert rules and the Grafana dashboards
	@$(PYTHON) -m monitoring.rules && $(PYTHON) -m monitoring.dashboards

dashboards-import: setup  ## Import the dashboards into the Grafana at GRAFANA_URL=
	@$(PYTHON) -m tools.import_dashboards

images:  ## Build both images: PLATFORM=linux/arm64 BASE_IMAGE= LANGUAGES= REGISTRY= TAG= PUSH=1
	@scripts/images

models:  ## Build a language pack as an image: LANGUAGES="deu fra" FLAVOUR=fast|best|integer MODELS= REGISTRY= PUSH=1
	@scripts/models

orientation: setup  ## Drawn pages in 8 scripts and 30 layouts, turned every way, through both services
	@OCR_EVERY_LAYOUT=1 $(PYTHON) -m pytest tests/transformer/documents/test_turned_pages.py

grounds: setup  ## Drawn text in 21 pairs of colors and five sizes, and 200 crops without text, through both services
	@OCR_EVERY_GROUND=1 $(PYTHON) -m pytest tests/transformer/documents/test_grounds.py

manifests: setup  ## Validate every overlay with every combination of components
	@OCR_EVERY_OVERLAY=1 $(PYTHON) -m pytest tests/deploy/test_combinations.py

crds: setup  ## Write tests/deploy/crds from published CustomResourceDefinitions: CRDS=folder
	@scripts/crds

cluster:  ## Create a local cluster with everything that the overlays need (kind or minikube)
	@scripts/cluster

argocd:  ## Register the overlays with Argo CD on the current cluster
	@scripts/argocd

deploy:  ## Apply an overlay and wait until it is ready: OVERLAY=local
	@scripts/deploy $(OVERLAY)

undeploy:  ## Remove an overlay: OVERLAY=local
	@scripts/undeploy $(OVERLAY)

promote:  ## Promote image digests to the next overlay: OVERLAY=staging CANARY=10 [PREDICTOR= TRANSFORMER= for dev]
	@python3 tools/promote.py promote $(OVERLAY) $(if $(CANARY),--canary $(CANARY)) $(if $(PREDICTOR),--predictor $(PREDICTOR)) $(if $(TRANSFORMER),--transformer $(TRANSFORMER))

rollback:  ## Revert the last promotion of an overlay: OVERLAY=production
	@python3 tools/promote.py rollback $(OVERLAY)

clients: setup  ## Clients in Java, Go and Node (newman), and hocr-tools, against both servers; needs Maven, a JDK, Go and npm
	@scripts/other-clients

conformance: setup  ## Tests by the V2 protocol's authors against both servers: TRITON=folder and PROTOCOL=folder, checkouts
	@$(PYTHON) -m tests.other_clients.peer_suites $(if $(TRITON),--triton "$(TRITON)") $(if $(PROTOCOL),--protocol "$(PROTOCOL)")

configuration: setup  ## Regenerate the table of settings in docs/configuration.md
	@$(PYTHON) -m tools.generate.configuration_table

docs: setup  ## Build the documentation site into build/site
	@NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --quiet

lock:  ## Pin all dependencies: UPGRADE=1 for newer versions
	@scripts/lock

.PHONY: orientation accuracy audit argocd bench bench-acceleration bench-overhead bench-line bench-order bench-pdf bench-scraping bench-start chaos check clients cluster configuration conformance coverage crds dashboards dashboards-import deploy docs \
	e2e fuzz fuzz-native grounds help images lint lock manifests models observe pdfa promote rivals rollback run parity setup soak test test-long test-quick types undeploy
