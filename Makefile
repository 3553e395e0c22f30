# `make` lists what can be done.
GO ?= go

.DEFAULT_GOAL := help
.PHONY: help build test race lint bench conformance generate sandbox

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

build: ## build bin/seedance-mcp
	$(GO) build -trimpath -o bin/seedance-mcp ./cmd/seedance-mcp

test: ## run every test that this machine can run
	$(GO) test ./...

race: ## the tests with the race detector, shuffled; fewer kills, because each is a slow process
	SEEDANCE_TEST_KILLS=12 $(GO) test -race -shuffle=on -timeout 30m ./...

lint: ## vet and golangci-lint
	$(GO) vet ./...
	golangci-lint run

bench: ## this server beside others, in one run (needs Node, npm and a C++ compiler)
	$(GO) run ./internal/bench

conformance: ## the official MCP conformance suite (needs Node and npm), with its table
	internal/conformance/run.sh

generate: ## rewrite the generated part of README.md and the goldens
	$(GO) test ./cmd/... ./tools/... -run 'Golden|README' -update

sandbox: ## the simulated upstream on 127.0.0.1:8090
	$(GO) run ./cmd/seedance-mcp sandbox --addr 127.0.0.1:8090
