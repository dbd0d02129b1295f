#!/bin/sh
# Makes what compose.yaml mounts and is not kept with it: passwords, the addresses that hold
# them, a certificate for trying it out, and an empty folder of agreements. What is there
# already stays as it is. Give HOST for a certificate of another name.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets agreements
chmod 755 agreements

# Containers read these files as users of their own; the folder keeps everybody else out.
keep() {
	[ -e "secrets/$1" ] || printf %s "$2" > "secrets/$1"
	chmod 444 "secrets/$1"
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in postgres owner gateway redis; do keep "$name-password" "$(random)"; done
keep gateway-address "postgres://gateway:$(cat secrets/gateway-password)@postgres/cpa?sslmode=disable"
keep owner-address "postgres://cpa_owner:$(cat secrets/owner-password)@postgres/cpa?sslmode=disable"
keep redis-address "redis://:$(cat secrets/redis-password)@redis:6379"
if [ ! -e secrets/tls-key ]; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj "/CN=${HOST:-localhost}" \
		-addext "subjectAltName=DNS:${HOST:-localhost}" -keyout secrets/tls-key -out secrets/tls-cert 2>/dev/null
	chmod 444 secrets/tls-key secrets/tls-cert
fi
