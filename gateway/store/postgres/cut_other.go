//go:build !linux

package postgres

import (
	"syscall"
	"time"
)

// sentWithin leaves it to the system how long it waits for what was sent.
func sentWithin(time.Duration) func(network, address string, raw syscall.RawConn) error { return nil }
