# The two commands a newcomer needs are demo and test. Everything else is for those who work on it.

BIN := bin/cpa-gateway

# Nothing here needs C: one setting for all lets every target share what is compiled.
export CGO_ENABLED := 0

.PHONY: demo test build servers bench clean

# The main job on embedded defaults: one process, synthetic people. On another port: make demo ADDR=127.0.0.1:9000
ADDR ?= 127.0.0.1:8080

demo:
	@echo "Building the gateway. The first time this fetches and compiles what it needs, which takes a minute or two; each line is a part that is done."
	go build -v -o $(BIN) ./cmd/cpa-gateway
	@$(BIN) demo --addr $(ADDR)

# Every test. What it lacks it installs where it can, and otherwise says what to type.
# Some tests run what others wrote against the gateway: an OpenID server and a FHIR client (Node.js 20),
# HL7's instance validator and HAPI's client (Java 17 and Maven), and two clients in Python.
JAVA := $(shell java -version 2>&1 | grep -qE '"(1[7-9]|[2-9][0-9])' && mvn --version >/dev/null 2>&1 && echo yes)
NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 && echo yes)
PYTHON := $(shell python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null && echo yes)

# At the end every test that was left out is named, with its reason.
GOTESTSUM := gotest.tools/gotestsum@v1.13.0

test: servers
	@run=$$(mktemp); trap 'rm -f "$$run"' EXIT; \
	CPA_TEST_SERVERS=redis+postgres$(if $(NODE),+openid+node)$(if $(JAVA),+hapi)$(if $(PYTHON),+python) go run $(GOTESTSUM) --format pkgname --jsonfile "$$run" -- -timeout 40m ./...; ended=$$?; \
	grep -q '"Action":"skip".*"Test":' "$$run" || echo "No test was left out."; \
	exit $$ended

build:
	go build -o $(BIN) ./cmd/cpa-gateway

# Tests start private servers of their own on free ports; they only need the programs.
servers:
	@command -v go >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl"; exit 1; }
	@missing=; for p in redis-server curl openssl; do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] && exit 0; \
	if [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ]; then \
		apt-get update -q && apt-get install -y -q --no-install-recommends $$missing; \
	else \
		echo "missing:$$missing. Type: sudo apt-get install$$missing"; exit 1; \
	fi

# What docs/performance.md says, measured on this machine beside the run that was recorded last: about ten minutes.
# In another size: make bench N=10000. The long form: make bench ARGS=-long. To record it: make bench ARGS='-record docs/performance.md'
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

bench:
	@mkdir -p bin
	@cp docs/performance/recorded.txt bin/recorded.txt
	go build -o bin/bench ./cmd/bench
	bin/bench -out bin/bench.txt -against bin/recorded.txt $(ARGS) $(if $(N),-n $(N))
	@echo "Every series, recorded and now:"
	@go run $(BENCHSTAT) bin/recorded.txt bin/bench.txt || echo "left out: benchstat cannot be fetched here; bin/bench.txt is in its format"

clean:
	rm -rf bin
