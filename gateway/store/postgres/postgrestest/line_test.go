package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"
)

// A way that is cut tells nobody: no answer comes, and no error, on connections that are
// there and on new ones. The other way goes on, and mended it is as before.
func TestALineThatIsCutIsSilent(t *testing.T) {
	apart, cables := StartApart(t)
	plain := Start(t)
	for name, c := range map[string]struct {
		server *Server
		lines  [2]*Line
	}{
		"networks": {apart, cables},
		"proxies":  {plain, [2]*Line{plain.proxy(t), plain.proxy(t)}},
	} {
		t.Run(name, func(t *testing.T) {
			address := c.server.Database(t)
			var through [2]*sql.DB
			for i, line := range c.lines {
				if line.Through(address) == address && i > 0 {
					t.Fatal("this way is the other one")
				}
				db, err := sql.Open("pgx", line.Through(address))
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				through[i] = db
			}
			ask := func(i int) error {
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				return through[i].PingContext(ctx)
			}
			answers := func(i int) {
				t.Helper()
				if err := ask(i); err != nil {
					t.Errorf("way %d: %v", i, err)
				}
			}
			answers(0)
			answers(1)
			c.lines[1].Cut(t)
			for range 3 { // on the connection that is there, then on new ones
				var late interface{ Timeout() bool }
				if err := ask(1); !errors.As(err, &late) || !late.Timeout() {
					t.Errorf("a way that is cut: %v", err)
				}
				answers(0)
			}
			c.lines[1].Mend(t)
			answers(1)
			answers(0)
		})
	}
}
