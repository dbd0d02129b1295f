package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/gateway"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// reachTime is how long a check waits for what is elsewhere.
const reachTime = 5 * time.Second

// expiryNotice is how long before its end a certificate is warned of.
const expiryNotice = 30 * 24 * time.Hour

// checkConfig says what would run, refuses what serve would refuse, and warns of what
// will hurt. A gateway that already runs with this configuration is not in its way.
func checkConfig(w world, c config, verifier *identity.Verifier) error {
	read, err := c.readAgreements()
	if err != nil {
		return misuse("reading the agreements: %v", err)
	}
	k := &check{config: c, read: read, now: w.clock()}
	refused := errors.Join(k.addresses(), k.records(w))
	if refused != nil {
		return usageError{refused}
	}
	k.certificates()
	k.base()
	k.clients()
	k.reach(w.ctx, verifier)
	fmt.Fprintf(w.out, "%s would listen on %s (admin %s) as %s, with %d issuers, %d clients and %d sources.\n\n",
		c.Organisation, c.HTTP.Address, c.HTTP.Admin, c.HTTP.Base, len(c.Identity.Issuers), len(c.Identity.Clients), len(c.Sources))
	if err := printMatrix(w.out, read.Register, flowsAt(read.Register, c.Policy, k.now), k.now); err != nil {
		return err
	}
	for _, warning := range k.warnings {
		fmt.Fprintln(w.out, "warning:", warning)
	}
	return nil
}

// check collects what there is to warn of in a configuration.
type check struct {
	config   config
	read     written
	now      time.Time
	warnings []string
}

func (k *check) warn(format string, args ...any) {
	k.warnings = append(k.warnings, fmt.Sprintf(format, args...))
}

// addresses refuses what nothing can listen on. One that is taken is perhaps taken by
// the gateway that is to be restarted.
func (k *check) addresses() error {
	var wrong []error
	for _, a := range []struct{ key, addr string }{{"http.address", k.config.HTTP.Address}, {"http.admin", k.config.HTTP.Admin}} {
		l, err := net.Listen("tcp", a.addr)
		switch {
		case err == nil:
			l.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			k.warn("%s %s is in use: by the gateway that runs now, or by something else", a.key, a.addr)
		default:
			wrong = append(wrong, fmt.Errorf("%s: %w", a.key, err))
		}
	}
	if !isLoopback(k.config.HTTP.Admin) {
		k.warn("http.admin %s is not of this machine alone: health and metrics are not for the outside", k.config.HTTP.Admin)
	}
	if k.config.HTTP.Cert == "" && !isLoopback(k.config.HTTP.Address) {
		k.warn("http.cert is empty and http.address %s is not of this machine alone: tokens and records cross the network in clear unless only a proxy that ends TLS can reach it", k.config.HTTP.Address)
	}
	return errors.Join(wrong...)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// records refuses a data folder that serve would refuse. It makes none.
func (k *check) records(w world) error {
	if k.config.Records.Postgres != "" {
		return k.postgres(w)
	}
	dir := k.config.Records.SQLite
	if k.config.Records.made(w.ctx) == nil {
		return k.opens(w)
	}
	if _, err := os.Stat(dir); err != nil {
		k.warn("records.sqlite %s does not exist: serve makes a new folder, in which nothing is kept yet", dir)
	} else {
		k.warn("records.sqlite %s holds no records yet", dir)
	}
	_, err := keptSecret(dir)
	return err
}

// postgres refuses a database that serve would refuse. It makes nothing in it.
func (k *check) postgres(w world) error {
	err := k.config.Records.made(w.ctx)
	if _, misused := errors.AsType[usageError](err); !misused {
		if err == nil {
			err = k.opens(w)
		}
		return err
	}
	k.warn("records.postgres holds no records yet: serve makes its tables, for which who logs in must own the database")
	_, err = keptSecret(k.config.Records.Folder)
	return err
}

// opens refuses records that serve could not open, and agreements that it would not put
// in force.
func (k *check) opens(w world) error {
	s, err := openSite(w, k.config)
	if err != nil {
		return err
	}
	if k.read.Hash() != s.register.Load().Hash() {
		err = s.store.View(w.ctx, func(now store.Snapshot) error { return s.forbidden(now, k.read) })
		what := "which serve puts in force for every gateway of these records"
		if errors.Is(err, errEdited) {
			what, err = "and serve goes on with them: "+err.Error(), nil
		}
		k.warn("agreements: other ones are in force than those in %s, %s", k.config.Agreements, what)
	}
	return errors.Join(err, s.Close())
}

// certificates looks at what callers will see, and what their certificates are judged by.
func (k *check) certificates() {
	for _, f := range []struct{ key, file string }{{"http.cert", k.config.HTTP.Cert}, {"http.clientCA", k.config.HTTP.ClientCA}} {
		text, _ := os.ReadFile(f.file) // prepare has read it
		for n := 0; ; n++ {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				break
			}
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				continue // a key, perhaps
			}
			k.validity(f.key, cert)
			if base, err := url.Parse(k.config.HTTP.Base); n == 0 && f.key == "http.cert" && err == nil && cert.VerifyHostname(base.Hostname()) != nil {
				k.warn("http.cert is not for the host of http.base, %s", base.Hostname())
			}
		}
	}
}

func (k *check) validity(key string, cert *x509.Certificate) {
	switch {
	case k.now.After(cert.NotAfter):
		k.warn("%s: the certificate expired on %s", key, cert.NotAfter.Format(time.DateOnly))
	case k.now.Before(cert.NotBefore):
		k.warn("%s: the certificate is not valid before %s", key, cert.NotBefore.Format(time.DateOnly))
	case k.now.Add(expiryNotice).After(cert.NotAfter):
		k.warn("%s: the certificate expires on %s", key, cert.NotAfter.Format(time.DateOnly))
	}
}

// base looks at the address by which callers know the gateway.
func (k *check) base() {
	base, _ := url.Parse(k.config.HTTP.Base) // the configuration was refused if it cannot be
	if base.Scheme == "http" && !isLoopback(net.JoinHostPort(base.Hostname(), "0")) {
		k.warn("http.base %s has no TLS", base)
	}
	if !strings.HasSuffix(base.Path, gateway.Prefix) {
		k.warn("http.base %s does not end with %s: only a proxy that rewrites paths makes its references work", base, gateway.Prefix)
	}
	audience, err := url.Parse(k.config.Identity.Audience)
	if err == nil && (audience.Scheme != base.Scheme || audience.Host != base.Host) {
		k.warn("audience %s is of another host than http.base %s: a DPoP proof must be for the audience's", audience, base)
	}
	if k.config.DutyLine == "" {
		k.warn("dutyLine is empty: crisis reads cannot say whom to call")
	}
}

// clients looks for purposes that no agreement can name, and for glass that nobody can break.
func (k *check) clients() {
	roles, breaks, known := k.config.Policy.BreakGlass.Roles, false, map[profiles.OrgCode]bool{}
	for n, client := range k.config.Identity.Clients {
		known[client.Organisation] = true
		if len(client.Teams) == 0 {
			k.warn("clients[%d] %s: without a team it is forbidden everything", n, client.ID)
		}
		if len(client.Purposes) == 0 {
			k.warn("clients[%d] %s: without a purpose it is forbidden everything", n, client.ID)
		}
		for _, p := range client.Purposes {
			if breaks = breaks || p == profiles.BreakGlass; p == profiles.BreakGlass && len(roles) > 0 {
				continue
			}
			if all := agreements.Purposes(); !slices.Contains(all, p) {
				k.warn("clients[%d] %s: the purpose %s is none that an agreement can name: there are %v", n, client.ID, p, all)
			}
		}
	}
	if len(roles) > 0 && !breaks {
		k.warn("policy.breakGlass.roles: no client has the purpose %s, so that nobody breaks the glass", profiles.BreakGlass)
	}
	for _, one := range k.config.Policy.BreakGlass.Suspended {
		if organisation, _, _ := strings.Cut(one, "/"); !known[profiles.OrgCode(organisation)] {
			k.warn("policy.breakGlass.suspended: no client is of the organisation %s, as it is written there, so that nobody is suspended by it", organisation)
		}
	}
}

// reach tries what is elsewhere: serve starts without it, and is not ready.
func (k *check) reach(ctx context.Context, verifier *identity.Verifier) {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	if err := verifier.Ready(ctx); err != nil {
		k.warn("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	for _, e := range []struct{ key, address string }{{"telemetry.otlp", k.config.Telemetry.OTLP}, {"hot.redis", k.config.Hot.Redis}} {
		u, err := url.Parse(e.address)
		if e.address == "" || err != nil || u.Port() == "" {
			continue // several hosts, or a port that goes by the scheme
		}
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
		if err != nil {
			k.warn("%s cannot be reached: nothing answers at %s", e.key, u.Host)
			continue
		}
		c.Close()
	}
}
