package postgrestest

import (
	"net"
	"strings"
	"sync"
	"testing"
)

// Line is one way to the server, which can be cut: then nothing arrives any more in either
// direction, and nobody is told.
type Line struct {
	server *Server
	host   string // with the port
	cut    func(testing.TB)
	mend   func(testing.TB)
	drops  bool
}

// Drops reports whether a cut drops packets. Otherwise what is sent is taken, and goes no
// further.
func (l *Line) Drops() bool { return l.drops }

// Through is the address of a database by this way.
func (l *Line) Through(address string) string {
	return strings.Replace(address, "@"+net.JoinHostPort(l.server.host, l.server.port)+"/", "@"+l.host+"/", 1)
}

// Cut cuts it, also for connections that are there.
func (l *Line) Cut(t testing.TB) { t.Helper(); l.cut(t) }

// Mend ends a Cut.
func (l *Line) Mend(t testing.TB) { t.Helper(); l.mend(t) }

// StartApart starts a server with two ways to it. Where this machine lets the test make
// networks, they are networks, and a cut one drops packets; elsewhere each is a proxy, and
// a cut one forwards nothing and closes nothing.
func StartApart(t testing.TB) (*Server, [2]*Line) {
	t.Helper()
	s := Start(t)
	if lines, made := s.apart(t); made {
		return s, lines
	}
	t.Log("no network can be made here: the ways to the server are proxies")
	return s, [2]*Line{s.proxy(t), s.proxy(t)}
}

// proxy is a way to the server that holds back what it is given while it is cut.
func (s *Server) proxy(t testing.TB) *Line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &forwarder{to: net.JoinHostPort(s.host, s.port)}
	go p.serve(listener)
	t.Cleanup(p.close)
	return &Line{s, listener.Addr().String(), func(testing.TB) { p.gate.Lock() }, func(testing.TB) { p.gate.Unlock() }, false}
}

// forwarder forwards while its gate is not locked.
type forwarder struct {
	to   string
	gate sync.RWMutex

	mu    sync.Mutex
	conns []net.Conn
}

func (p *forwarder) serve(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go p.connect(from)
	}
}

func (p *forwarder) connect(from net.Conn) {
	p.pass()
	to, err := net.Dial("tcp", p.to)
	if err != nil {
		from.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, from, to)
	p.mu.Unlock()
	go p.forward(from, to)
	go p.forward(to, from)
}

// pass waits until the gate is open.
func (p *forwarder) pass() {
	p.gate.RLock()
	defer p.gate.RUnlock()
}

func (p *forwarder) forward(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.pass()
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (p *forwarder) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
}
