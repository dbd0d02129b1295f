package postgres

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sentWithin sets up sockets so that what they send is acknowledged within a time, or the
// connection is lost.
func sentWithin(limit time.Duration) func(network, address string, raw syscall.RawConn) error {
	return func(network, _ string, raw syscall.RawConn) (err error) {
		if network == "unix" {
			return nil
		}
		more := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds())) //nolint:gosec // a file descriptor
		})
		return errors.Join(err, more)
	}
}
