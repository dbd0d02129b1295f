# The two commands a newcomer needs are demo and test. Everything else is for those who work on it.

BIN := bin/cpa-gateway

# Nothing here needs C: one setting for all lets every target share what is compiled.
export CGO_ENABLED := 0

.PHONY: demo test build servers bench clean

# The main job on embedded defaults: one process, synthetic people.
demo: build
	$(BIN) demo

# Every test. What it lacks it installs where it can, and otherwise says what to type.
# Some tests run what others wrote against the gateway: an OpenID server and a FHIR client (Node.js 20),
# HL7's instance validator and HAPI's client (Java 17 and Maven), and two clients in Python.
JAVA := $(shell java -version 2>&1 | grep -qE '"(1[7-9]|[2-9][0-9])' && mvn --version >/dev/null 2>&1 && echo yes)
NODE := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1 && echo yes)
PYTHON := $(shell python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' 2>/dev/null && echo yes)

test: servers
	@test -n "$(NODE)" || echo "left out: the tests against npm's oidc-provider and fhir-kit-client, which need Node.js 20 and npm"
	@test -n "$(JAVA)" || echo "left out: HL7's instance validator over every kind of answer, and HAPI's client, which need Java 17 and Maven"
	@test -n "$(PYTHON)" || echo "left out: the test of fhirpy and fhirclient, which needs Python 3.9 with venv"
	CPA_TEST_SERVERS=redis$(if $(NODE),+openid+node)$(if $(JAVA),+hapi)$(if $(PYTHON),+python) go test ./...

build:
	go build -o $(BIN) ./cmd/cpa-gateway

# Tests start private servers of their own on free ports; they only need the programs.
servers:
	@command -v go >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl"; exit 1; }
	@missing=; for p in redis-server curl; do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ]; then \
		apt-get update -q && apt-get install -y -q --no-install-recommends $$missing; \
	else \
		echo "missing:$$missing. Type: sudo apt-get install$$missing"; exit 1; \
	fi

bench:
	go test -run '^$$' -bench . -benchmem ./...

clean:
	rm -rf bin
