package road

import (
	"context"
	"time"
)

// untilBeat is how long it is from some time after the arrival of a request to the next
// beat.
func untilBeat(elapsed, beat time.Duration) time.Duration {
	if beat <= 0 {
		return 0
	}
	return beat - max(elapsed, 0)%beat
}

// pause waits, until ctx ends at the latest.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
