# `make` lists what can be done.
GO ?= go

.DEFAULT_GOAL := help
.PHONY: help build test race kills soak lint bench conformance clients generate sandbox mcpb packages

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

build: ## build bin/seedance-mcp
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/seedance-mcp ./cmd/seedance-mcp

test: ## run every test that this machine can run
	@mkdir -p bin
	SEEDANCE_TEST_REPORT=$(CURDIR)/bin/kill-sweep.txt $(GO) test -timeout 60m ./...
	@cat bin/kill-sweep.txt 2>/dev/null || echo 'the sweep was not run again: its result is cached'

kills: ## the whole kill sweep: 520 kills of the real program (some 15 minutes)
	SEEDANCE_TEST_KILLS=520 $(GO) test -count=1 -timeout 60m -run TestKillSweep -v ./cmd/seedance-mcp

soak: ## ten minutes of random orders, faults, kills and webhooks on two servers
	@mkdir -p bin
	SEEDANCE_SOAK=10m SEEDANCE_TEST_REPORT=$(CURDIR)/bin/soak.txt $(GO) test -count=1 -timeout 30m -run TestSoak -v ./cmd/seedance-mcp

# These start programs of others beside a binary that is built as users have it:
# the race detector would see nothing of ours.
foreign = /internal/(clients|agents|conformance|bench)

race: ## the tests with the race detector, shuffled; fewer kills, because each is a slow process
	SEEDANCE_TEST_KILLS=12 $(GO) test -race -shuffle=on -timeout 60m $$($(GO) list ./... | grep -vE '$(foreign)')

lint: ## vet and golangci-lint
	$(GO) vet ./...
	golangci-lint run

bench: ## this server beside others, in one run (needs Node, npm, a C++ compiler, PostgreSQL; ten minutes)
	$(GO) run ./internal/bench

conformance: ## the official MCP conformance suite (needs Node and npm), with its table
	internal/conformance/run.sh

clients: ## every client library and agent through all stages, with the tables (needs Node and npm; minutes)
	SEEDANCE_CLIENTS=all SEEDANCE_TEST_REQUIRE=node $(GO) test -count=1 -v -timeout 60m -run '^(TestClients|TestAgents|TestDocumented)$$' ./internal/clients ./internal/agents

generate: ## rewrite the generated part of README.md and the goldens
	$(GO) test ./cmd/... ./tools/... -run 'Golden|README' -update
	$(GO) test ./internal/docs -run Generated -update

sandbox: ## the simulated upstream on 127.0.0.1:8090
	$(GO) run ./cmd/seedance-mcp sandbox --addr 127.0.0.1:8090

mcpb: ## pack the bundle for Claude Desktop for this machine, into bin/ (needs Node and npm)
	npm ci --prefix deploy/mcpb --no-audit --no-fund
	CGO_ENABLED=0 $(GO) build -trimpath -o "bin/seedance-mcp_$$($(GO) env GOOS)_$$($(GO) env GOARCH)/seedance-mcp$$($(GO) env GOEXE)" ./cmd/seedance-mcp
	node deploy/mcpb/pack.mjs bin 0.1.0-dev

packages: ## every package of a release, into dist/, publishing nothing (needs Node and npm; minutes)
	$(GO) install github.com/goreleaser/goreleaser/v2@v2.15.1
	$(GO) install github.com/anchore/syft/cmd/syft@v1.57.1
	PATH="$$($(GO) env GOPATH)/bin:$$PATH" goreleaser release --snapshot --clean --skip=publish
