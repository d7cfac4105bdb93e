# Two commands matter: `make run` and `make test`. Everything they need they install themselves (Debian 12).
SHELL := /bin/bash
export CGO_ENABLED = 0
BIN := bin/dovidka

.PHONY: run build check test bench soak fuzz ui clean

run: ## install what is missing, build, start the demo
	@scripts/need run
	@$(MAKE) --no-print-directory build
	@exec $(BIN) serve --demo --data data

build:
	@mkdir -p bin
	go build -trimpath -ldflags "-s -w -X main.version=$$(git describe --always --dirty 2>/dev/null || echo unknown)" -o $(BIN) ./cmd/dovidka

check: ## the quick loop: format, vet, staticcheck, house, unit
	@test -z "$$(gofmt -l cmd internal ui)" || { gofmt -l cmd internal ui; echo "gofmt: these files are not formatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test ./...

test: ## everything: installs what the tests need
	@scripts/need test
	@scripts/test-all

bench: ## figures of docs/benchmarks.md
	@scripts/need test
	@scripts/bench

fuzz: ## every fuzz target for a minute each
	@scripts/fuzz 1m

soak: ## an hour of random calls of every kind against the real program (MINUTES=60)
	@scripts/need test
	@$(MAKE) --no-print-directory build
	DOVIDKA_SOAK_MINUTES=$${MINUTES:-60} DOVIDKA_SOAK_PROGRAM=$(CURDIR)/$(BIN) go test -count=1 -timeout 24h -run '^TestSoak$$' -v ./cmd/dovidka

ui: ## rebuild ui/dist (needs Node)
	cd ui && npm ci --no-audit --no-fund && npm run build

clean:
	rm -rf bin shots ui/node_modules
