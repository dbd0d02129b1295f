package cache_test

import (
	"errors"
	"fmt"
	"testing"

	"cpagateway/consent/agreements"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/postgres"
	"cpagateway/gateway/store/postgres/postgrestest"
)

// The database is put back to an earlier moment under a gateway that runs on, and others
// write as much as had been written since: every number that proves memory fresh is again
// what it was, and stands for something else. What was in memory passed; now none of it does.
func TestMemoryDoesNotOutliveTheDatabaseGoingBack(t *testing.T) {
	server := postgrestest.Start(t)
	address := server.Database(t)
	s := openPostgres(t, address)
	person := people[0]
	wish := func(in store.Store, status string) {
		t.Helper()
		recordstest.Put(t, in, start, recordstest.Accept(t, home, person, fmt.Sprintf(`{"resourceType":"Consent","id":"w","status":%q,"patient":{"reference":"Patient/p"},"dateTime":"2026-01-01"}`, status)))
	}
	inForce := func(in store.Store, title string) {
		t.Helper()
		files := agreementTexts(title)
		read, err := agreements.LoadTexts(files)
		if err != nil {
			t.Fatal(err)
		}
		put(t, in, files, read.Hash())
	}
	first, err := agreements.LoadTexts(agreementTexts("first"))
	if err != nil {
		t.Fatal(err)
	}
	gateway, inMemory := cache.New(s, 1<<20), cache.NewRegister(s, first)
	wish(s, "inactive")
	inForce(s, "before")
	snapshot := server.Snapshot(t)

	wish(s, "active")
	inForce(s, "opened")
	before := func() (basis cache.Basis, register *agreements.Register) {
		t.Helper()
		basis, err := gateway.Read(t.Context(), func(now *cache.Moment) error { _, err := now.Holdings(person); return err })
		if err == nil {
			register, err = inMemory.Current(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		return basis, register
	}
	if _, err := inMemory.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	before() // so that it is in memory
	server.Revert(t, snapshot)
	other := openPostgres(t, address)
	wish(other, "rejected")
	inForce(other, "closed")

	basis, decidedBy := before() // from memory
	if err := s.Update(t.Context(), func(tx store.Tx) error { return basis.Check(tx) }); !errors.Is(err, cache.ErrChanged) {
		t.Errorf("a wish of before passes: %v", err)
	}
	if err := s.Update(t.Context(), func(tx store.Tx) error { return inMemory.Check(tx, decidedBy) }); !errors.Is(err, cache.ErrChanged) {
		t.Errorf("agreements of before pass: %v", err)
	}
	basis, decidedBy = before() // anew
	err = s.Update(t.Context(), func(tx store.Tx) error { return errors.Join(basis.Check(tx), inMemory.Check(tx, decidedBy)) })
	if read, more := agreements.LoadTexts(agreementTexts("closed")); err != nil || more != nil || decidedBy.Hash() != read.Hash() {
		t.Errorf("read anew, it does not pass, or is another: %v", err)
	}
	if _, again := before(); again != decidedBy {
		t.Error("it is read anew each time")
	}
}

func openPostgres(t *testing.T, address string) store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
