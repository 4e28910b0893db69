# Two commands on a fresh machine: `make serve` and `make test`. `make` alone lists the rest.
# Each looks for what it needs first, and installs it or says how: scripts/ensure-dependencies.

.DEFAULT_GOAL := help
.PHONY: help build serve test bench bench-smoke lint fmt fuzz image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the release binary, .build/release/vencejo
	@scripts/build

serve: ## Build, then serve the example models on :8080 and print curl lines to paste
	@scripts/serve

test: ## Run all tests: units, end to end, format
	@scripts/test

bench: ## Measure beside nginx, FastAPI and ONNX Runtime; results in Benchmarks/results
	@scripts/bench all

bench-smoke: ## One short round of each benchmark, to see that they run
	@scripts/bench all --smoke

lint: ## Check the format of the sources
	@scripts/lint

fmt: ## Format the Swift sources in place
	@swift format --in-place --recursive Package.swift Sources Tests Examples Benchmarks

fuzz: ## Fuzz each parser, then a running server, for SECONDS_OF_FUZZ (60) seconds each
	@scripts/ensure-dependencies test
	@for target in json http1 http2 pickle xgboost; do Fuzz/run.sh $$target $${SECONDS_OF_FUZZ:-60} || exit 1; done
	@scripts/build
	@python3 scripts/fuzz.py --seconds $${SECONDS_OF_FUZZ:-60}

image: ## Build the container image `vencejo`
	@docker build --tag vencejo .

clean: ## Remove what builds made
	@rm -rf .build
