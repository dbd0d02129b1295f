package redis

import (
	"crypto/tls"
	"log/slog"
	"time"
)

// Timeout is that of Open.
const Timeout = timeout

// OpenWithin is Open with a timeout of the test's own: on a busy machine a server
// that is well may be slow.
func OpenWithin(address string, secure *tls.Config, prefix string, clock func() time.Time, log *slog.Logger, timeout time.Duration) (*State, error) {
	return open(address, secure, prefix, clock, log, timeout)
}
