package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/store/postgres/postgrestest"
)

// pairs are two gateways that serve one store, each with a folder of agreements of its own.
var pairs = map[string]func(t *testing.T) (one, other *served){
	"one folder": func(t *testing.T) (one, other *served) {
		one = settle(t)
		other = configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
		other.keepIn(fmt.Sprintf("{sqlite: %q}", filepath.Join(one.dir, "data")))
		return one, other
	},
	"one PostgreSQL": func(t *testing.T) (one, other *served) {
		address := postgrestest.Start(t).Database(t)
		one, other = onPostgres(t, address), onPostgres(t, address)
		cli("import", "--config", one.config, "--source", "paris", plans(t)).must(t, exitDone)
		other.join(one)
		return one, other
	},
}

// What was suspended through one gateway was shared by another for up to a minute, because
// nothing but a notice in Redis, or its own folder, told it. Now the very next answer of the
// other is by the new agreements: no test waits here.
func TestAgreementsPutInForceThroughOneGatewayDecideInTheOtherAtOnce(t *testing.T) {
	for name, open := range pairs {
		t.Run(name, func(t *testing.T) {
			one, other := open(t)
			for _, s := range []*served{one, other} {
				s.openIssuer()
				s.start()
				s.await("/readyz", http.StatusOK)
			}
			shares := func(s *served) int {
				t.Helper()
				a := s.ask(s.token("gp"))
				if a.status != http.StatusOK {
					t.Fatalf("answered %d %.300s", a.status, a.body)
				}
				return len(a.matches(t))
			}
			if shares(one) != 1 || shares(other) != 1 {
				t.Fatal("nothing is shared before")
			}
			suspend(t, filepath.Join(one.dir, "agreements"))
			cli("register", "publish", "--config", one.config).must(t, exitDone)
			if shares(other) != 0 || shares(one) != 0 {
				t.Error("shared by agreements that are suspended")
			}
			soon(t, "a word in both logs", func() bool {
				const said = "other agreements are in force"
				return strings.Contains(one.logs.String(), said) && strings.Contains(other.logs.String(), said)
			})
			// The folder of the other is behind, and opens nothing.
			k := keeperOf(t, other)
			k.reread()
			if shares(other) != 0 || shares(one) != 0 || !strings.Contains(k.refused, "were in force before") {
				t.Errorf("a folder that is behind was taken: %s", k.refused)
			}
			suspend(t, filepath.Join(other.dir, "agreements"))
			k.reread()
			if k.refused != "" {
				t.Errorf("the same agreements in the other folder: %s", k.refused)
			}
		})
	}
}

// keeperOf keeps the agreements of a gateway as it does.
func keeperOf(t *testing.T, of *served) *keeper {
	t.Helper()
	w := world{ctx: t.Context(), out: io.Discard, err: io.Discard, clock: time.Now}
	c, err := readConfig(of.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSite(w, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return newKeeper(s, w, slog.New(slog.DiscardHandler))
}
