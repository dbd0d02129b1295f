package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// endpoint answers for an issuer without a network, so that time in a bubble passes.
type endpoint struct {
	fetches int // of the discovery document
	down    bool
	hangs   bool
	keys    []byte // the key set
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	body := string(e.keys)
	if strings.HasSuffix(r.URL.Path, "openid-configuration") {
		e.fetches++
		body = `{"issuer": "https://issuer.example", "jwks_uri": "https://issuer.example/jwks"}`
	}
	if e.hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if e.down {
		return nil, errors.New("no route")
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (e *endpoint) publish(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err == nil {
		e.keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newKeySet(t *testing.T, e *endpoint) *keySet {
	e.publish(t)
	return &keySet{ctx: t.Context(), config: Issuer{URL: "https://issuer.example"}, client: boundedClient(e), clock: time.Now}
}

// Keys are fetched again when they are due and still asked for, in the background; a
// fetch that fails is not repeated at once.
func TestKeysAreFetchedOnSchedule(t *testing.T) {
	steps := []struct {
		after   time.Duration
		down    bool
		fetches int  // in all
		usable  bool // the keys
	}{
		{0, true, 1, false},
		{retryPause - 1, true, 1, false},
		{1, true, 2, false},
		{retryPause, false, 3, true},
		{4*time.Minute - 1, false, 3, true},
		{1, false, 4, true},
		{4*time.Minute - 1, false, 4, true},
		{1, true, 5, true},
		{30*time.Second - 1, true, 5, true},
		{1, true, 6, true},
		{30*time.Second - 1, true, 6, true},
		{1, true, 7, false},
		{retryPause - 1, true, 7, false},
		{1, false, 8, true},
	}
	for name, ask := range map[string]func(context.Context, *keySet) bool{
		"by a token":   func(ctx context.Context, s *keySet) bool { _, err := s.current(ctx); return err == nil },
		"by readiness": func(_ context.Context, s *keySet) bool { <-orOver(s.renew()); k, _ := s.snapshot(); return s.fresh(k) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &endpoint{}
				s := newKeySet(t, e)
				for n, step := range steps {
					time.Sleep(step.after)
					e.down = step.down
					usable := ask(t.Context(), s)
					synctest.Wait()
					if e.fetches != step.fetches || usable != step.usable {
						t.Fatalf("step %d: %d fetches and keys to use %v, want %d and %v", n, e.fetches, usable, step.fetches, step.usable)
					}
				}
			})
		})
	}
}

// orOver is a channel that is closed where there is nothing to wait for.
func orOver(flight <-chan struct{}) <-chan struct{} {
	if flight == nil {
		over := make(chan struct{})
		close(over)
		return over
	}
	return flight
}

// Whoever asks during a fetch waits for that one, however long it takes, and an issuer
// that hangs is given up.
func TestAFetchUnderWayIsTheOnlyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{hangs: true}
		s := newKeySet(t, e)
		begun := time.Now()
		first := s.begin(retryPause)
		time.Sleep(2 * time.Second)
		if second := s.begin(retryPause); second != first {
			t.Error("a second fetch was begun")
		}
		synctest.Wait()
		if <-first; time.Since(begun) != 5*time.Second || e.fetches != 1 {
			t.Errorf("%d fetches, given up after %v", e.fetches, time.Since(begun))
		}
		if again := s.begin(keysPause); again != nil {
			t.Error("begun again within the pause")
		}
	})
}

// Tokens that were verified are verified again when the keys have changed, and only then.
func TestGenerationCountsChangesOfTheKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := newKeySet(t, e)
		for n, want := range []uint64{1, 1, 2, 2} {
			if n == 2 {
				e.publish(t)
			}
			k, err := s.current(t.Context())
			if err != nil || k.generation != want {
				t.Errorf("fetch %d: generation %d, %v, want %d", n, k.generation, err, want)
			}
			time.Sleep(keysLife)
		}
		if e.fetches != 4 {
			t.Errorf("%d fetches", e.fetches)
		}
	})
}

// What an issuer may answer has a size, and why its keys cannot be read is said.
func TestKeySetThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := newKeySet(t, e)
		good := e.keys
		padded := func(size int) []byte { return []byte(strings.Repeat(" ", size-len(good)) + string(good)) }
		for _, c := range []struct {
			keys []byte
			want string
		}{
			{padded(512 << 10), ""},
			{padded(512<<10 + 1), "the issuer's keys cannot be read\nreading the key set: http: request body too large"},
			{[]byte(`{"keys": 1}`), "the issuer's keys cannot be read\nreading the key set: json: cannot unmarshal number into Go struct field .keys of type []json.RawMessage"},
		} {
			time.Sleep(keysLife)
			e.keys = c.keys
			if _, err := s.current(t.Context()); text(err) != c.want {
				t.Errorf("%d bytes: %q, want %q", len(c.keys), text(err), c.want)
			}
		}
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A gateway that is asked with ever new tokens does not run out of memory.
func TestRememberedTokensAreBounded(t *testing.T) {
	if got := newSeen().tokens.GetMaximum(); got != 10_000 {
		t.Errorf("at most %d tokens are remembered", got)
	}
}
