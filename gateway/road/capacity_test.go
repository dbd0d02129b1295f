package road

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

const routine profiles.Purpose = "TREAT"

// entrant is one request that asked for a place.
type entrant struct {
	leave  func()
	err    error
	inside bool // the wait is over
}

// send lets a request ask for a place and tells how far it came.
func send(ctx context.Context, c *Capacity, purpose profiles.Purpose) *entrant {
	return ask(func() (func(), error) { return c.enter(ctx, consent.Caller{Purpose: purpose}) })
}

func ask(place func() (func(), error)) *entrant {
	e := &entrant{}
	go func() {
		e.leave, e.err = place()
		e.inside = true
	}()
	synctest.Wait()
	return e
}

// fill sends requests that all get in.
func fill(t *testing.T, c *Capacity, purpose profiles.Purpose, count int) []*entrant {
	t.Helper()
	var in []*entrant
	for i := range count {
		e := send(t.Context(), c, purpose)
		if !e.inside || e.err != nil {
			t.Fatalf("%s request %d of %d did not get in: %v", purpose, i+1, count, e.err)
		}
		in = append(in, e)
	}
	return in
}

func TestCrisisReadsHaveAReservedShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCapacity(3, 1)
		flood := fill(t, c, routine, 2)
		waiting := send(t.Context(), c, routine)
		if waiting.inside {
			t.Fatal("a routine request took the reserved place")
		}
		urgent := fill(t, c, profiles.EmergencyTreatment, 1)[0]
		urgent.leave()
		synctest.Wait()
		if waiting.inside {
			t.Fatal("a routine request took the reserved place once it was free again")
		}
		flood[0].leave()
		synctest.Wait()
		if !waiting.inside || waiting.err != nil {
			t.Fatalf("the place given back was not taken: %v", waiting.err)
		}
		waiting.leave()
		flood[1].leave()
		for _, e := range fill(t, c, profiles.EmergencyTreatment, 3) { // all may be crisis reads
			e.leave()
		}
	})
}

func TestARequestThatStopsWaitingGivesBackWhatItTook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCapacity(3, 1)
		urgent := fill(t, c, profiles.EmergencyTreatment, 3)
		ctx, cancel := context.WithCancel(t.Context())
		// Both hold a routine place while they wait for one of all.
		waiting := []*entrant{send(ctx, c, routine), send(ctx, c, routine)}
		cancel()
		synctest.Wait()
		for _, e := range waiting {
			if !e.inside || !errors.Is(e.err, context.Canceled) || e.leave != nil {
				t.Fatalf("its context ended: inside %v, %v", e.inside, e.err)
			}
		}
		for _, e := range urgent {
			e.leave()
		}
		for _, e := range fill(t, c, routine, 2) {
			e.leave()
		}
	})
}

func TestANonsenseCapacityStillLetsRoutineRequestsIn(t *testing.T) {
	for _, c := range []struct{ all, reserved, routine, urgent int }{
		{0, 0, 1, 1}, {-5, -5, 1, 1}, {1, 1, 1, 1}, {4, 9, 1, 4}, {4, -1, 4, 4}, {4, 1, 3, 4},
	} {
		for purpose, want := range map[profiles.Purpose]int{routine: c.routine, profiles.EmergencyTreatment: c.urgent} {
			synctest.Test(t, func(t *testing.T) {
				capacity := NewCapacity(c.all, c.reserved)
				in := fill(t, capacity, purpose, want)
				late := send(t.Context(), capacity, purpose)
				if late.inside {
					t.Errorf("%d places, %d reserved: more than %d %s requests got in", c.all, c.reserved, want, purpose)
				}
				for _, e := range append(in, late) {
					e.leave()
					synctest.Wait()
				}
			})
		}
	}
}

// As many bodies of two megabytes as there were places were worked on at once, in gigabytes.
func TestFewLargeBodiesAreReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCapacity(100, 1)
		body := func(interaction Interaction, length int64) *entrant {
			t.Helper()
			x := &exchange{ask: Ask{Interaction: interaction, Sent: func() Ask { return Ask{} }}, request: &http.Request{ContentLength: length}}
			return ask(func() (func(), error) { return c.receive(t.Context(), x) })
		}
		var inside []*entrant
		for range largeAtOnce {
			inside = append(inside, body(Create, largeBody+1))
		}
		waiting := []*entrant{body(Create, largeBody+1), body(None, -1)}
		for i, e := range []*entrant{body(Create, largeBody), body(Search, -1), body(Search, largeBody+1)} {
			if !e.inside {
				t.Errorf("%d waits for what it is not", i)
			}
		}
		for i, e := range waiting {
			if e.inside {
				t.Errorf("%d is one too many", i)
			}
			inside[i].leave()
			synctest.Wait()
			if !e.inside {
				t.Errorf("%d did not take the place that was given back", i)
			}
		}
	})
}

// A client of the name "anonymous" had one rate with all who show no credential, and was held
// up by them.
func TestNoClientSharesTheRateOfStrangers(t *testing.T) {
	_, err := identity.New(t.Context(), identity.Config{
		Audience: "https://here.example", Issuers: []identity.Issuer{{URL: "https://issuer.example"}},
		Clients: []identity.Client{{ID: anonymous, Organisation: "7A4"}},
	}, nil, time.Now)
	if err == nil {
		t.Errorf("a client may be called %q", anonymous)
	}
}
