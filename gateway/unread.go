package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// unread finds the requests that net/http answers by itself, because it cannot read
// them (400, 417, 431, 501, 505): bytes came in, and the handler was not called
// before the connection ended. They are recorded as any other refusal is; what
// they are answered is in net/http's own fixed words. One that came in the same
// packet as a good request before it is not seen: net/http tells of no new bytes.
type unread struct {
	record func(context.Context)
	open   sync.Map // net.Conn to *connection
}

// connection is what is known of one connection.
type connection struct {
	waiting atomic.Bool // bytes came in that no handler was called for
	greeted atomic.Bool // HTTP/2 is active once before the first request
}

type connectionKey struct{}

// RecordUnread makes a server record the requests that it answers by itself.
func RecordUnread(s *http.Server, record func(context.Context)) {
	u, handler := &unread{record: record}, s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			c.waiting.Store(false)
		}
		handler.ServeHTTP(w, r)
	})
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		c := &connection{}
		u.open.Store(conn, c)
		return context.WithValue(ctx, connectionKey{}, c)
	}
	s.ConnState = u.changed
}

func (u *unread) changed(conn net.Conn, state http.ConnState) {
	found, ok := u.open.Load(conn)
	if !ok {
		return
	}
	c := found.(*connection)
	switch state {
	case http.StateActive:
		c.waiting.Store(!speaksHTTP2(conn) || c.greeted.Swap(true))
	case http.StateIdle, http.StateClosed:
		if c.waiting.Swap(false) {
			u.record(context.Background())
		}
	}
	if state == http.StateClosed || state == http.StateHijacked {
		u.open.Delete(conn)
	}
}

func speaksHTTP2(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}
