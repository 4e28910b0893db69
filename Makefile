# Two commands on a fresh machine: `make serve` and `make test`. `make` alone lists the rest.
# Each looks for what it needs first, and installs it or says how: scripts/ensure-dependencies.

.DEFAULT_GOAL := help
.PHONY: help build serve test simulate parity bench bench-http bench-kernels bench-lifecycle bench-smoke lint fmt fuzz fuzz-formats image clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the release binary, .build/release/vencejo
	@scripts/build

serve: ## Build, then serve the example models on :8080 and print curl lines to paste
	@scripts/serve

test: ## Run all tests: units, end to end, format
	@scripts/test

simulate: ## Run the server over a simulated system from random seeds for SECONDS_OF_SIMULATION (300) seconds
	@scripts/ensure-dependencies test
	@VENCEJO_SIMULATION_SECONDS=$${SECONDS_OF_SIMULATION:-300} swift test --filter SimulationTests

parity: ## Compare with the training libraries on models of random data; SEED=N repeats a run
	@scripts/ensure-dependencies test
	@scripts/parity

bench: ## Measure beside nginx, FastAPI and ONNX Runtime; results in Benchmarks/results
	@scripts/bench predict startup swap

bench-http: ## Measure the HTTP engine beside nginx, Go, Node, FastAPI and Flask; OPTIONS="--only fixed --rounds 3"
	@scripts/bench http $(OPTIONS)

bench-kernels: ## Measure the predictors beside the libraries, ONNX Runtime and compiled trees; OPTIONS="--only logistic"
	@scripts/bench kernels $(OPTIONS)

bench-lifecycle: ## Measure models that come, go and compete: batching, heavy beside light; OPTIONS="--only light"
	@scripts/bench lifecycle $(OPTIONS)

bench-smoke: ## One short round of each benchmark, to see that they run
	@scripts/bench all --smoke

lint: ## Check the format of the sources
	@scripts/lint

fmt: ## Format the Swift sources in place
	@swift format --in-place --recursive Package.swift Sources Tests Examples Benchmarks

fuzz: ## Fuzz each parser, then a running server, for SECONDS_OF_FUZZ (60) seconds each
	@scripts/ensure-dependencies test
	@Fuzz/run.sh $${SECONDS_OF_FUZZ:-60}
	@scripts/build
	@python3 scripts/fuzz.py --seconds $${SECONDS_OF_FUZZ:-60}

fuzz-formats: ## Fuzz the importers of all model formats, the compiler and the predictors for SECONDS_OF_FUZZ (900) seconds
	@scripts/ensure-dependencies test
	@Fuzz/run.sh model $${SECONDS_OF_FUZZ:-900}

image: ## Build the container image `vencejo`
	@docker build --tag vencejo .

clean: ## Remove what builds made
	@rm -rf .build
