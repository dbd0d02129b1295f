#!/bin/sh
# Run once, by the first start of PostgreSQL: the roles of docs/running.md, and the database.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres \
	--set owner="$(cat /run/secrets/owner-password)" --set gateway="$(cat /run/secrets/gateway-password)" <<'SQL'
CREATE ROLE cpa_owner LOGIN PASSWORD :'owner';
CREATE ROLE cpa_gateway NOLOGIN;
GRANT cpa_gateway TO cpa_owner;
CREATE ROLE gateway LOGIN PASSWORD :'gateway' IN ROLE cpa_gateway;
CREATE DATABASE cpa OWNER cpa_owner;
SQL
