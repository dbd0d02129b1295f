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

// entering makes attempts on a database: one that must be let in, and one that must not.
func entering(t *testing.T, a *absence) (enter func(context.Context) func(error), refused func(when string)) {
	return func(ctx context.Context) func(error) {
			t.Helper()
			leave, err := a.enter(ctx)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			return leave
		}, func(when string) {
			t.Helper()
			if _, err := a.enter(t.Context()); !errors.Is(err, store.ErrAway) {
				t.Fatalf("%s: %v", when, err)
			}
		}
}

// Every request waited ten seconds, one after the other, for a database that had been cut
// off for minutes. One waits; the others are told at once, and nobody any more once it is back.
func TestOneAtATimeFindsOutWhetherTheDatabaseIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &absence{}
		over, end := context.WithCancel(t.Context())
		end()
		enter, refused := entering(t, a)
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

// A database that was back, and had answered, counted as away again for a second: a request
// that had begun to wait while it was cut off gave up only then, and the others were told 503.
func TestWhoBeganToWaitBeforeTheDatabaseWasBackSaysNothingOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &absence{}
		enter, refused := entering(t, a)
		early, late, lucky := enter(t.Context()), enter(t.Context()), enter(t.Context())
		enter(t.Context())(os.ErrDeadlineExceeded)
		refused("just after one has waited in vain")
		time.Sleep(restFor)
		synctest.Wait()
		trying := enter(t.Context())
		refused("while another tries")
		lucky(nil) // of those who wait, the first to be answered
		early(os.ErrDeadlineExceeded)
		trying(os.ErrDeadlineExceeded)
		after := enter(t.Context())
		enter(t.Context())(nil)
		late(os.ErrDeadlineExceeded)
		after(os.ErrDeadlineExceeded)
		enter(t.Context())(os.ErrDeadlineExceeded) // it is away again
		refused("just after it was lost again")
	})
}
