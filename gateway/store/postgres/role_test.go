package postgres

import (
	"context"
	"errors"
	"testing"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// rewriting are statements that nobody may carry out who works as the gateway's role.
var rewriting = []string{
	"UPDATE audit SET body = ''", "UPDATE audit SET person = 'x'", "DELETE FROM audit", "TRUNCATE audit", "DROP TABLE audit",
	"ALTER TABLE audit DROP COLUMN person", "CREATE TABLE other (n bigint)",
	"UPDATE audit_checkpoints SET note = ''", "DELETE FROM audit_checkpoints", "DELETE FROM audit_slots", "TRUNCATE audit_slots",
	"UPDATE versions SET body = ''", "DELETE FROM versions", "DELETE FROM resources",
	"UPDATE registers SET files = ''", "DELETE FROM registers", "UPDATE moves SET body = ''", "DELETE FROM moves", "UPDATE meta SET value = ''", "DELETE FROM meta",
	"DELETE FROM changed", "DELETE FROM persons", "DELETE FROM faults", "UPDATE goose_db_version SET version_id = 0",
}

// TestTheGatewaysRoleRewritesNothing: not even a mistake of this program can change what
// was stored or recorded, whoever it logs in as; and who has only that role can work.
func TestTheGatewaysRoleRewritesNothing(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	for name, login := range map[string]string{"the owner": address, "a gateway": server.AsGateway(address)} {
		s := reopen(t, login)
		recordstest.Put(t, s, start, relationaltest.Batch(t, 0)...)
		update(t, s)
		for _, text := range rewriting {
			if err := relationaltest.Direct(t, s.LendWriter, text); err == nil {
				t.Errorf("%s: %s was carried out", name, text)
			}
		}
		if err := relationaltest.Direct(t, s.LendReader, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; UPDATE persons SET generation = 0"); err == nil {
			t.Errorf("%s: a reading transaction wrote", name)
		}
	}
}

// update writes an entry of the audit log.
func update(t *testing.T, s *relational.Store) {
	t.Helper()
	log, err := audit.Open(context.WithoutCancel(t.Context()), s, audittest.Keys, nil, clock)
	if err != nil {
		t.Fatal(err)
	}
	_, err = log.Update(t.Context(), audit.Event{At: start}, "source", consent.Decision{}, func(store.Tx) (audit.Counts, error) { return audit.Counts{}, nil })
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
}
