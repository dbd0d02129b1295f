package identity

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
)

const maxSeen = 10_000

// seen remembers verified tokens by the SHA-256 of the whole token, until they
// expire: verifying a signature costs a hundred times as much as looking here.
// Refusals are not remembered. What depends on the request (the purpose chosen,
// the sender's proof, a single use) is no part of a token and is checked each
// time, and so is whether the issuer's keys are still those it was verified with.
type seen struct {
	tokens *otter.Cache[[sha256.Size]byte, *token]
}

func newSeen() *seen {
	return &seen{otter.Must(&otter.Options[[sha256.Size]byte, *token]{MaximumSize: maxSeen})}
}

func (s *seen) get(name [sha256.Size]byte, now time.Time) (*token, bool) {
	t, ok := s.tokens.GetIfPresent(name)
	return t, ok && now.Before(t.expires)
}

func (s *seen) put(name [sha256.Size]byte, t *token) { s.tokens.Set(name, t) }
