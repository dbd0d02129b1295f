package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/records/recordstest"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/postgres/postgrestest"
	"cpagateway/gateway/store/relational"
	"cpagateway/gateway/store/relational/relationaltest"
)

// fault keeps something that nothing else depends on.
func fault(s store.Store, ctx context.Context, id string) error {
	return s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.SetAside([]quarantine.Fault{{ID: id, At: start}})
		return err
	})
}

// faults are the ids of what is set aside.
func faults(t *testing.T, s store.Store) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := s.View(t.Context(), func(now store.Snapshot) error {
		list, err := now.Faults(quarantine.Filter{})
		for _, f := range list {
			found[f.ID] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestTheDatabaseIsRestarted: two gateways write while the database is killed again and
// again. What was acknowledged is there, nothing twice, the logs go on and verify, and
// with the database back nobody has to be started again.
func TestTheDatabaseIsRestarted(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var mu sync.Mutex
	acknowledged, failed := map[string]bool{}, 0
	var stores []*relational.Store
	for g := range 2 {
		s := reopen(t, address)
		stores = append(stores, s)
		log, err := audit.Open(t.Context(), s, audittest.Keys, nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = log.Close() }) // its last checkpoint may find no database
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprint(g, "-", n)
				_, err := log.Update(context.WithoutCancel(ctx), audit.Event{At: start, RequestID: id}, "source", consent.Decision{}, func(tx store.Tx) (audit.Counts, error) {
					_, err := tx.SetAside([]quarantine.Fault{{ID: id, At: start}})
					return audit.Counts{}, err
				})
				mu.Lock()
				acknowledged[id] = err == nil
				if err != nil {
					failed++
				}
				mu.Unlock()
			}
		})
	}
	for range 3 {
		time.Sleep(200 * time.Millisecond)
		server.Kill()
		server.Start(t)
	}
	time.Sleep(200 * time.Millisecond)
	stop()
	all.Wait()
	if failed == 0 {
		t.Error("nothing failed: the test looked at nothing")
	}
	for g, s := range stores {
		if err := fault(s, t.Context(), fmt.Sprint("after ", g)); err != nil {
			t.Errorf("with the database back, gateway %d: %v", g, err)
		}
	}
	found := faults(t, stores[0])
	for id, was := range acknowledged {
		if was && !found[id] {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	report, err := audit.Verify(t.Context(), stores[1], audittest.Keys.Listed)
	if err != nil || report.Break != nil || int(report.Entries) < len(found)-2 {
		t.Errorf("%d faults, %+v, %v", len(found), report, err)
	}
}

// TestNobodyNoticesARestartBetweenRequests: connections that were lost while they were
// free are replaced.
func TestNobodyNoticesARestartBetweenRequests(t *testing.T) {
	server := startServer(t)
	s := reopen(t, server.Database(t))
	for n := range 3 {
		for range readers {
			_ = faults(t, s)
		}
		if err := fault(s, t.Context(), fmt.Sprint(n)); err != nil {
			t.Errorf("after %d restarts: %v", n, err)
		}
		server.Kill()
		server.Start(t)
	}
	if found := faults(t, s); len(found) != 3 {
		t.Errorf("there are %d faults", len(found))
	}
}

// TestAReplicaIsNotWorkedOn: while the databases changed places, a gateway had connections to
// one that was a replica by then. It kept them, also when its address led to the new primary:
// every request failed, and it said that it was ready.
func TestAReplicaIsNotWorkedOn(t *testing.T) {
	server := startServer(t)
	s := reopen(t, server.Database(t))
	if err := fault(s, t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	server.Demote(t)
	for range readers + 1 {
		if err := s.View(t.Context(), func(store.Snapshot) error { return nil }); !errors.Is(err, store.ErrAway) {
			t.Errorf("reading a replica: %v", err)
		}
		if err := fault(s, t.Context(), "meanwhile"); !errors.Is(err, store.ErrAway) {
			t.Errorf("writing to a replica: %v", err)
		}
	}
	server.Promote(t)
	if err := fault(s, t.Context(), "after"); err != nil {
		t.Errorf("of a primary: %v", err)
	}
	if found := faults(t, s); !found["before"] || found["meanwhile"] || !found["after"] {
		t.Errorf("found %v", found)
	}
}

// TestADatabaseWithoutAFreeConnectionIsAway: others had all the connections that the server
// gives. Requests were answered as if the gateway had failed, and not that they may be sent
// again, or elsewhere.
func TestADatabaseWithoutAFreeConnectionIsAway(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	s := reopen(t, server.AsGateway(address))
	if err := fault(s, t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	server.Do(t, address, "ALTER ROLE gateway CONNECTION LIMIT 0")
	server.Do(t, address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'gateway'")
	for range readers + 1 {
		if err := s.View(t.Context(), func(store.Snapshot) error { return nil }); !errors.Is(err, store.ErrAway) {
			t.Errorf("reading: %v", err)
		}
		if err := fault(s, t.Context(), "meanwhile"); !errors.Is(err, store.ErrAway) {
			t.Errorf("writing: %v", err)
		}
	}
	server.Do(t, address, "ALTER ROLE gateway CONNECTION LIMIT -1")
	if err := fault(s, t.Context(), "after"); err != nil {
		t.Errorf("with connections to be had: %v", err)
	}
}

// TestADatabaseThatHangs: whoever asks has an answer when their time is over, and with
// the database back everybody is served.
func TestADatabaseThatHangs(t *testing.T) {
	server := startServer(t)
	s := reopen(t, server.Database(t))
	if err := fault(s, t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	server.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := fault(s, ctx, "meanwhile"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the database hangs: %v", err)
	}
	server.Resume(t)
	if err := fault(s, t.Context(), "after"); err != nil {
		t.Errorf("with the database back: %v", err)
	}
	if found := faults(t, s); !found["after"] || !found["before"] {
		t.Errorf("found %v", found)
	}
}

// A gateway that stopped while the database hung waited five seconds for each connection, one after the
// other, to tell the server that its statements were no longer needed.
func TestClosingWaitsForNoDatabaseThatHangs(t *testing.T) {
	server := startServer(t)
	s := reopen(t, server.Database(t))
	if err := fault(s, t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	for range readers { // each is asked in its turn, and keeps its statements
		_ = faults(t, s)
	}
	server.Pause(t)
	defer server.Resume(t)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	select {
	case <-closed:
	case <-time.After((readers + 1) * 5 * time.Second / 2):
		t.Error("it still waits")
	}
}

// TestAGatewayThatHangsHoldsUpNobody: its transaction is ended by the server, and nothing
// of it is kept.
func TestAGatewayThatHangsHoldsUpNobody(t *testing.T) {
	server := startServer(t)
	address := server.Database(t)
	hanging, s := reopen(t, address+"&idle_in_transaction_session_timeout=200"), reopen(t, address)
	done := make(chan error)
	err := hanging.Update(t.Context(), func(tx store.Tx) error {
		if _, err := tx.SetAside([]quarantine.Fault{{ID: "hanging", At: start}}); err != nil {
			return err
		}
		go func() { done <- fault(s, context.WithoutCancel(t.Context()), "other") }()
		if err := <-done; err != nil { // while this one hangs
			t.Errorf("another gateway: %v", err)
		}
		return nil
	})
	if err == nil {
		t.Error("a transaction that the server had ended was acknowledged")
	}
	if found := faults(t, hanging); found["hanging"] || !found["other"] {
		t.Errorf("found %v", found)
	}
}

// TestWhatCannotBeUsedIsRefused, and no error holds a password.
func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	server := startServer(t)
	newer, empty := server.Database(t), postgrestest.Start(t)
	s := reopen(t, newer)
	recordstest.Put(t, s, start, relationaltest.Batch(t, 0)...)
	server.Do(t, newer, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, true)")
	if _, err := Open(t.Context(), newer); !errors.Is(err, relational.ErrNewer) {
		t.Errorf("a newer schema: %v", err)
	}
	if _, err := Open(t.Context(), server.Database(t)+"&synchronous_commit=off"); !errors.Is(err, errNotDurable) {
		t.Errorf("commits that may be lost: %v", err)
	}
	if _, err := Open(t.Context(), empty.AsGateway(empty.Database(t))); err == nil {
		t.Error("who does not own the database made its tables")
	}
	for _, address := range []string{"postgres://u:hidden@127.0.0.1:1/x?sslmode=disable", "postgres://u:hidden@[x", "hidden"} {
		if _, err := Open(t.Context(), address); err == nil || contains(err, "hidden") {
			t.Errorf("%s: %v", address, err)
		}
		if _, err := Made(t.Context(), address); err == nil || contains(err, "hidden") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if made, err := Made(t.Context(), newer); err != nil || !made {
		t.Errorf("%v, %v", made, err)
	}
	if made, err := Made(t.Context(), empty.Database(t)); err != nil || made {
		t.Errorf("%v, %v", made, err)
	}
}

// A gateway that was cut off as it wrote held up the others for ten seconds: longer than they
// may take to record a refusal, which then was answered with 500.
func TestAGatewayThatIsCutOffAsItWritesHoldsUpNobodyForLong(t *testing.T) {
	server, lines := postgrestest.StartApart(t)
	address := server.Database(t)
	whole, cut := reopen(t, lines[0].Through(address)), reopen(t, lines[1].Through(address))
	limit := 5 * time.Second // to record a refusal
	if !lines[1].Drops() {   // so that only idle_in_transaction_session_timeout ends it
		limit = answerTime
	}
	began, over := make(chan struct{}), make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		err := cut.Update(t.Context(), func(tx store.Tx) error {
			_, err := tx.Faults(quarantine.Filter{})
			lines[1].Cut(t)
			close(began)
			<-over
			return err
		})
		if err == nil {
			t.Error("what was written across a line that is cut is kept")
		}
	})
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := fault(whole, ctx, "1"); err != nil {
		t.Errorf("the other gateway: %v", err)
	}
	lines[1].Mend(t)
	close(over)
	writing.Wait()
}
