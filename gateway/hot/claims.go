package hot

import (
	"container/heap"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// maxClaims bounds memory at about 50 MB: a thousand new keys a second that live five minutes each.
const maxClaims = 300_000

// Errors of a claim that is not even looked at.
var (
	ErrNoLife = errors.New("claiming a key: its life must be positive")
	ErrFull   = errors.New("claiming a key: too many are alive")
)

// Claims is the replay guard of this process. It is the whole guard of
// hot/local, and in hot/redis the part of it that no loss of data makes forget:
// it alone knows a key whose issuer's clock runs ahead. Keys are kept as SHA-256
// sums. Safe for concurrent use.
type Claims struct {
	clock func() time.Time
	mu    sync.Mutex
	held  map[claimKey]struct{}
	ends  endings // the same keys, the next to end first
}

type claimKey = [sha256.Size]byte

// NewClaims starts with nothing claimed.
func NewClaims(clock func() time.Time) *Claims {
	return &Claims{clock: clock, held: make(map[claimKey]struct{})}
}

// Claim is true for the first to claim a key, until its life is over. When more
// keys are alive than there is room for, a new one is refused with ErrFull: none
// that is alive is forgotten.
//
// Time is taken under the lock, so that a key cannot end for one caller and be
// alive for a later one.
func (c *Claims) Claim(key string, life time.Duration) (first bool, err error) {
	if life <= 0 {
		return false, ErrNoLife
	}
	sum := sha256.Sum256([]byte(key))
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock()
	for len(c.ends) > 0 && !now.Before(c.ends[0].at) {
		delete(c.held, heap.Pop(&c.ends).(ending).key)
	}
	if _, taken := c.held[sum]; taken {
		return false, nil
	}
	if len(c.held) >= maxClaims {
		return false, ErrFull
	}
	c.held[sum] = struct{}{}
	heap.Push(&c.ends, ending{now.Add(life), sum})
	return true, nil
}

type ending struct {
	at  time.Time
	key claimKey
}

// endings is a heap.Interface with the earliest ending on top.
type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }
func (e *endings) Pop() any {
	last := len(*e) - 1
	popped := (*e)[last]
	*e = (*e)[:last]
	return popped
}
