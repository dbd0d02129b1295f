package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A person whom others changed without a pause was answered 503: the last attempt is made
// where nothing can change.
func TestAPersonWhoseFactsNeverRestIsAnswered(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		moves := 0
		s.reader.before = func(_ context.Context, method string) error {
			if method == "Holdings" {
				moves++
				s.bringIn(s.plan("ann.json", func(plan map[string]any) {
					plan["person"].(map[string]any)["telephone"] = "01632 96000" + string(rune('0'+moves))
				}))
			}
			return nil
		}
		s.memory.Clear()
		a := s.get("gp", crisisPath(), "X-Request-Id", requestName)
		s.reader.before = nil
		if ids := a.ids(t); len(ids) != 1 {
			t.Errorf("answered %d with %v", a.status, ids)
		}
		if moves != 3 {
			t.Errorf("decided %d times before the last, want 3", moves)
		}
		if rows := s.recorded(requestName); len(rows) != 1 || rows[0].Status != http.StatusOK || rows[0].Outcome != "permit" || disclosures(rows) != 1 {
			t.Errorf("want one record of what was released, got %+v", rows)
		}
		s.verified()
	})
}

// Four who wrote about one person at once kept others from reading: each read is answered,
// and with what was so when it was recorded.
func TestWhoeverReadsAPersonThatFourWriteAboutIsAnswered(t *testing.T) {
	s := openStandUsing(t, keeping)
	over := make(chan struct{})
	var writing sync.WaitGroup
	var written [4]atomic.Int64
	for i := range written {
		writing.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				n := written[i].Add(1)
				s.bringIn(s.plan("ann.json", func(plan map[string]any) {
					plan["person"].(map[string]any)["telephone"] = fmt.Sprintf("01632 %d%05d", i, n)
				}))
			}
		})
	}
	idle := func() bool { // whoever wrote once at most has not written while somebody read
		for i := range written {
			if written[i].Load() < 2 {
				return true
			}
		}
		return false
	}
	for n := 0; n < 60 || idle(); n++ {
		if a := s.get("gp", crisisPath()); a.status != http.StatusOK || len(a.ids(t)) != 1 {
			t.Errorf("read %d is answered %d %.200s", n, a.status, a.body)
		}
	}
	close(over)
	writing.Wait()
	s.verified()
}

// The last attempt decides as every other does: what was withdrawn at the last moment is
// not released, and what fails in it releases nothing.
func TestTheLastAttemptReleasesNothingMore(t *testing.T) {
	for name, c := range map[string]struct {
		before, after error // of the last attempt
		status        int
	}{
		"withdrawn at the last moment": {nil, nil, http.StatusOK},
		"a store that fails":           {errBroken, nil, http.StatusInternalServerError},
		"a store that fails too late":  {nil, errBroken, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStandUsing(t, noMemory)
			moves := 0
			s.reader.before = func(_ context.Context, method string) error {
				if method != "Holdings" {
					return nil
				}
				if moves++; moves < 3 || c.status != http.StatusOK {
					s.bringIn(s.plan("ann.json", func(plan map[string]any) {
						plan["person"].(map[string]any)["telephone"] = fmt.Sprint("01632 96000", moves)
					}))
				} else {
					s.withdraw()
				}
				if moves == 3 {
					s.writes.first(func() { s.writes.breaks(c.before, c.after) }) // the update after the next
				}
				return nil
			}
			a := s.get("gp", crisisPath(), "X-Request-Id", requestName)
			s.writes.breaks(nil, nil)
			if a.status != c.status || moves != 3 || strings.Contains(a.body, secretOfAnn) || strings.Contains(a.body, "CarePlan/") {
				t.Errorf("after %d moves it is answered %d %.300s", moves, a.status, a.body)
			}
			if rows := s.recorded(requestName); c.after == nil && disclosures(rows) != 0 {
				t.Errorf("on record: %+v", rows)
			}
			s.verified()
		})
	}
}
