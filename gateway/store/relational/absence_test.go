package relational

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/gateway/store"
)

// Every request waited ten seconds, one after the other, for a database that had been cut
// off for minutes. One waits; the others are told at once, and nobody any more once it is back.
func TestOneAtATimeFindsOutWhetherTheDatabaseIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &absence{}
		over, end := context.WithCancel(t.Context())
		end()
		enter := func(ctx context.Context) func(error) {
			t.Helper()
			leave, err := a.enter(ctx)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			return leave
		}
		refused := func(when string) {
			t.Helper()
			if _, err := a.enter(t.Context()); !errors.Is(err, store.ErrAway) {
				t.Fatalf("%s: %v", when, err)
			}
		}
		first, second := enter(t.Context()), enter(t.Context())
		first(errors.New("refused at once")) // which costs nobody time
		enter(over)(os.ErrDeadlineExceeded)  // a caller who could not wait has found out nothing
		second(nil)
		enter(t.Context())(os.ErrDeadlineExceeded)
		refused("just after one has waited in vain")
		time.Sleep(restFor)
		synctest.Wait()
		trying := enter(over)
		refused("while another tries")
		trying(context.Canceled)
		trying = enter(t.Context())
		refused("while another tries")
		trying(os.ErrDeadlineExceeded)
		refused("just after one has waited in vain again")
		time.Sleep(restFor)
		synctest.Wait()
		trying = enter(t.Context())
		refused("while another tries")
		trying(nil)
		enter(t.Context())(nil)
		enter(t.Context())(nil)
	})
}
