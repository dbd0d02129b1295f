package identity

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	maxSeen  = 10_000
	seenLife = time.Minute
)

// seen remembers verified tokens by the SHA-256 of the whole token, for a minute
// at most: verifying a signature costs a hundred times as much as looking here.
// Refusals are not remembered. What depends on the request (the purpose chosen,
// the sender's proof, a single use) is no part of a token and is checked each time.
type seen struct {
	tokens *otter.Cache[[sha256.Size]byte, remembered]
}

type remembered struct {
	token *token
	until time.Time
}

func newSeen() *seen {
	return &seen{otter.Must(&otter.Options[[sha256.Size]byte, remembered]{MaximumSize: maxSeen})}
}

func (s *seen) get(name [sha256.Size]byte, now time.Time) (*token, bool) {
	r, ok := s.tokens.GetIfPresent(name)
	if !ok || !now.Before(r.until) {
		return nil, false
	}
	return r.token, true
}

func (s *seen) put(name [sha256.Size]byte, t *token, now time.Time) {
	until := now.Add(seenLife)
	if t.expires.Before(until) {
		until = t.expires
	}
	s.tokens.Set(name, remembered{t, until})
}
