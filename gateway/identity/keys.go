package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysLife   = 5 * time.Minute  // a key withdrawn by the issuer verifies nothing after this
	keysDue    = 4 * time.Minute  // older keys are fetched again while they are still used
	keysPause  = 30 * time.Second // between fetches that can wait: an unknown key asks, or keys are due
	retryPause = time.Second      // between fetches while there are no keys to use
	minRSABits = 2048
)

// algorithms are the signature algorithms accepted, of tokens and of DPoP proofs.
// There is no none and no HMAC here, and no configuration that could add them.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

const algorithmList = "RS256 PS256 ES256 EdDSA"

var (
	errNoKeys    = errors.New("the issuer's keys cannot be read")
	errSignature = errors.New("no key of the issuer verifies the signature")
)

// keySet is the keys of one issuer. It is go-oidc's KeySet, and is ours because
// the library's own fetches for every token whose signature does not verify, so
// that forged tokens become a storm on the issuer, and keeps a withdrawn key for
// ever. Here only a token that names an unknown key asks for a fetch, at most
// every keysPause, and nothing verifies with keys older than keysLife.
type keySet struct {
	ctx    context.Context // fetches outlive the request that asked for them
	config Issuer
	client *http.Client
	clock  func() time.Time

	mu      sync.Mutex
	known   keys
	tried   time.Time
	flight  chan struct{} // closed when the fetch under way is over; nil when there is none
	failure error         // of the last fetch
}

// keys is what one fetch brought. Its set never changes.
type keys struct {
	endpoints  Endpoints
	set        []jose.JSONWebKey
	canonical  []byte // the set in JSON, to see whether it changed
	generation uint64 // counts changes of the set, from 1
	fetched    time.Time
}

// current is the keys to verify with now, fetched again when they are too old. Keys
// that are due are fetched in the background, so that nobody who has keys to verify
// with waits for an issuer that hangs.
func (s *keySet) current(ctx context.Context) (keys, error) {
	known, _ := s.snapshot()
	if s.fresh(known) {
		if s.clock().Sub(known.fetched) >= keysDue {
			s.begin(keysPause)
		}
		return known, nil
	}
	known, err := s.refresh(ctx, retryPause)
	if s.fresh(known) {
		return known, nil
	}
	return keys{}, errors.Join(errNoKeys, err)
}

// renew begins a fetch where the keys are due or too old, and says when it is over;
// nil where there is nothing to wait for.
func (s *keySet) renew() <-chan struct{} {
	known, _ := s.snapshot()
	switch age := s.clock().Sub(known.fetched); {
	case !s.fresh(known):
		return s.begin(retryPause)
	case age >= keysDue:
		s.begin(keysPause)
	}
	return nil
}

func (s *keySet) fresh(k keys) bool {
	return s.clock().Sub(k.fetched) < keysLife
}

func (s *keySet) snapshot() (keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known, s.failure
}

// refresh fetches the keys, unless that was tried less than pause ago, and
// returns what is known then.
func (s *keySet) refresh(ctx context.Context, pause time.Duration) (keys, error) {
	if flight := s.begin(pause); flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
		}
	}
	return s.snapshot()
}

// begin begins a fetch, unless one was tried less than pause ago. The channel is
// closed when the fetch under way is over, and nil when there is none: all who
// ask during a fetch wait for the same one.
func (s *keySet) begin(pause time.Duration) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight == nil && s.clock().Sub(s.tried) >= pause {
		s.tried = s.clock()
		s.flight = make(chan struct{})
		go s.fetch(s.flight)
	}
	return s.flight
}

// fetch reads the discovery document and the keys it points to. Both are read
// each time, so that an issuer may move its keys.
func (s *keySet) fetch(done chan struct{}) {
	var set []jose.JSONWebKey
	endpoints, err := discover(s.ctx, s.client, s.config)
	if err == nil {
		set, err = fetchKeys(s.ctx, s.client, endpoints)
	}
	canonical, encodeErr := json.Marshal(set)
	err = errors.Join(err, encodeErr)

	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(done)
	s.flight, s.failure = nil, err
	if err != nil {
		return
	}
	generation := s.known.generation
	if !bytes.Equal(canonical, s.known.canonical) {
		generation++
	}
	s.known = keys{endpoints: endpoints, set: set, canonical: canonical, generation: generation, fetched: s.clock()}
}

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return nil, fmt.Errorf("parsing a signed token: %w", err)
	}
	known, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	payload, err := known.verify(signed)
	if err == nil || known.named(signed) {
		return payload, err
	}
	renewed, _ := s.refresh(ctx, keysPause) // where it fails, the keys are as known
	return renewed.verify(signed)
}

// verify tries every key that the token may have been signed with.
func (k keys) verify(signed *jose.JSONWebSignature) ([]byte, error) {
	header := signed.Signatures[0].Header
	for _, key := range k.set {
		if (header.KeyID != "" && header.KeyID != key.KeyID) || !fits(key, header.Algorithm) {
			continue
		}
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return nil, errSignature
}

// named reports whether the token names a key of the set: if its signature does
// not verify then it is forged, and no fetch will change that.
func (k keys) named(signed *jose.JSONWebSignature) bool {
	header := signed.Signatures[0].Header
	for _, key := range k.set {
		if header.KeyID != "" && header.KeyID == key.KeyID {
			return true
		}
	}
	return false
}

// fits reports whether key is one to verify signatures of the algorithm with. The
// kind of key settles it: a public RSA key is never an HMAC secret, and a private
// or symmetric key, which has no place in a key set or a proof, fits nothing.
func fits(key jose.JSONWebKey, algorithm string) bool {
	if (key.Use != "" && key.Use != "sig") || (key.Algorithm != "" && key.Algorithm != algorithm) {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return (algorithm == string(jose.RS256) || algorithm == string(jose.PS256)) && public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return algorithm == string(jose.ES256) && public.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}
