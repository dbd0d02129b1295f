package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/gateway"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/road"
)

// Times of the public server: none of them is without an end.
const (
	headerTime = 10 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 90 * time.Second
	idleTime   = 2 * time.Minute
	drainTime  = 30 * time.Second
	maxHeader  = 64 << 10
)

func serveCommand(w world) *cobra.Command {
	file, check := "", false
	c := &cobra.Command{
		Use: "serve", Short: "serve what gateway.yaml says", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return serve(w, file, check) },
	}
	c.Flags().StringVar(&file, "config", "gateway.yaml", "configuration `file`")
	c.Flags().BoolVar(&check, "check", false, "check the configuration and the agreements, print what would run, and stop")
	return c
}

func serve(w world, file string, check bool) (err error) {
	c, err := readConfig(file, os.Environ())
	if err != nil {
		return err
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP) // before anything is open: it must never end the process
	defer signal.Stop(asked)
	log := slog.New(slog.NewJSONHandler(w.err, &slog.HandlerOptions{Level: c.Log.Level}))
	shared, verifier, err := prepare(w, c, log)
	if err != nil {
		return err
	}
	defer shared.Close()
	if check {
		return checkConfig(w, c, verifier)
	}
	limitMemory(c.Memory)
	s, err := openSite(w, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	switch err := s.offer(w); {
	case errors.Is(err, errEdited): // what is in force needs no folder
		log.Error(notTaken, "cause", err.Error())
	case err != nil:
		return notOffered(err)
	}
	handler, err := s.front(w, verifier, shared, log)
	if err != nil {
		return err
	}
	due, look := time.NewTicker(rereadEvery), time.NewTicker(lookEvery)
	defer due.Stop()
	defer look.Stop()
	go s.keepAgreements(w, asked, due.C, look.C, log)
	h := &health{ready: []func(context.Context) error{verifier.Ready, s.ready}, amiss: s.log.Amiss, shared: shared, issuers: verifier, clock: w.clock}
	return s.listen(w, handler, h, log, func() {})
}

// prepare opens what a configuration names besides the records, and refuses what
// cannot be used, for serve and its --check alike. The caller closes the state.
func prepare(w world, c config, log *slog.Logger) (hot.State, *identity.Verifier, error) {
	for _, s := range c.Sources {
		if _, err := s.open(); err != nil {
			return nil, nil, err
		}
	}
	if _, err := tlsConfig(c.HTTP); err != nil {
		return nil, nil, err
	}
	if _, err := c.Subscribers.read(); err != nil {
		return nil, nil, err
	}
	shared, err := openHot(w, c.Hot, log)
	if err != nil {
		return nil, nil, misuse("%v", err)
	}
	c.Identity.Below = c.HTTP.below()
	verifier, err := identity.New(context.WithoutCancel(w.ctx), c.Identity, shared, w.clock)
	if err != nil {
		return nil, nil, errors.Join(misuse("%v", err), shared.Close())
	}
	return shared, verifier, nil
}

// public is what answers on the public address.
type public struct {
	http.Handler
	unread func(context.Context)              // records a request that never came to the handler
	tell   func(context.Context) (end func()) // tells subscribers of changes until its end, or that of the context
}

// front wires the road and the front.
func (s *site) front(w world, verifier *identity.Verifier, shared hot.State, log *slog.Logger) (public, error) {
	sealer, err := road.NewSealer(s.secret)
	if err != nil {
		return public{}, err
	}
	c := s.config
	told, err := c.Subscribers.read()
	if err != nil {
		return public{}, err
	}
	r := &road.Road{
		Identity: verifier, Records: cache.New(s.store, memoryForReads(c.Memory)), Audit: s.log, Policy: c.Policy, Shared: shared,
		Register:  s.register,
		Pseudonym: intake.Pseudonym(s.secret),
		Home:      c.Organisation, Base: c.HTTP.Base, DutyLine: c.DutyLine, Sealer: sealer, Subscribers: told,
		Capacity: road.NewCapacity(c.HTTP.Capacity, c.HTTP.Reserved), Beat: c.HTTP.Beat, Clock: w.clock, Log: log,
	}
	f := &gateway.Front{
		Road: r, Version: version(), Date: w.clock().Format(time.DateOnly),
		PatientSystems: c.PatientIdentifiers, NHSNumbers: c.nhsNumbers(),
	}
	return public{f.Handler(), r.Unread, func(ctx context.Context) func() { return s.tell(ctx, w, r, log) }}, nil
}

// listen serves the public and the admin address until the world ends, then
// lets what is underway finish. It announces once both are taken.
func (s *site) listen(w world, p public, h *health, log *slog.Logger, announce func()) (err error) {
	secure, err := s.secure()
	if err != nil {
		return err
	}
	metrics, end, err := telemetry(w.ctx, s.config.Telemetry, log)
	if err != nil {
		return err
	}
	defer end()
	if err := errors.Join(s.countAll(w.clock), h.count()); err != nil {
		return err
	}
	public, err := net.Listen("tcp", s.config.HTTP.Address)
	if err != nil {
		return err
	}
	defer public.Close()
	private, err := net.Listen("tcp", s.config.HTTP.Admin)
	if err != nil {
		return err
	}
	defer private.Close()
	defer p.tell(w.ctx)()
	main := server(p, log)
	main.TLSConfig = secure
	gateway.RecordUnread(main, p.unread)
	admin := server(adminHandler(metrics, h), log)
	failed := make(chan error, 2)
	go func() { failed <- serveOn(main, public) }()
	go func() { failed <- admin.Serve(private) }()
	announce()
	log.Info("listening", "address", public.Addr().String(), "admin", private.Addr().String())
	select {
	case err = <-failed:
	case <-w.ctx.Done():
		log.Info("stopping: letting what is underway finish")
		h.draining.Store(true)
		select {
		case err = <-failed:
		case <-time.After(s.config.HTTP.Notice): // for those who send requests to see it
		}
	}
	return errors.Join(err, finish(w.ctx, main.Shutdown), finish(w.ctx, admin.Shutdown))
}

// finish gives one ending its own time, though the world has ended: what was
// slow before it takes nothing from it.
func finish(ctx context.Context, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return end(ctx)
}

func server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, DisableGeneralOptionsHandler: true, // OPTIONS * is refused and recorded as all else
		ErrorLog: slog.NewLogLogger(withoutText{log.Handler()}, slog.LevelWarn),
	}
}

func serveOn(s *http.Server, l net.Listener) error {
	if s.TLSConfig != nil {
		return s.ServeTLS(l, "", "")
	}
	return s.Serve(l)
}

// adminHandler is for operators only: alive, ready, metrics.
func adminHandler(metrics, ready http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "alive") })
	mux.Handle("GET /readyz", ready)
	mux.Handle("GET /metrics", metrics)
	return mux
}

// withoutText keeps the server's own complaints out of the log but for the fact and,
// of a failed TLS handshake, a cause of fixed words: they may hold what a caller sent.
type withoutText struct{ slog.Handler }

// Handle replaces the message.
func (h withoutText) Handle(ctx context.Context, r slog.Record) error {
	said := slog.NewRecord(r.Time, r.Level, "a connection was dropped before its request could be read", 0)
	if strings.HasPrefix(r.Message, "http: TLS handshake error") {
		said.Message = "a TLS handshake failed"
		said.AddAttrs(slog.String("cause", handshakeCause(r.Message)))
	}
	return h.Handler.Handle(ctx, said)
}

// handshakeCauses are the words of crypto/tls and crypto/x509 that are told. The first
// that occurs is taken: what a certificate says of its holder is around them.
var handshakeCauses = []string{
	"certificate has expired or is not yet valid", "certificate signed by unknown authority", "certificate specifies an incompatible key usage",
	"unknown certificate authority", "bad certificate", "expired certificate", "revoked certificate", "unsupported certificate", "unknown certificate",
	"client offered only unsupported versions", "protocol version not supported", "no cipher suite supported", "no mutually supported protocol versions",
	"unsupported application protocols", "missing extension", "first record does not look like a TLS handshake", "bad record MAC", "handshake failure",
	"unexpected message", "illegal parameter", "decryption failed", "error decoding message", "invalid signature", "failed to verify certificate",
	"i/o timeout", "connection reset by peer", "EOF",
}

func handshakeCause(message string) string {
	for _, cause := range handshakeCauses {
		if strings.Contains(message, cause) {
			return cause
		}
	}
	return "another"
}
