package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/outbox"
	"cpagateway/gateway/road"
	"cpagateway/gateway/subscriptions"
)

// tellEvery is how often changes are looked for that subscribers are to be told of.
const tellEvery = 50 * time.Millisecond

// subscribers are the clients that may subscribe, as the configuration names them.
type subscribers []subscriberConfig

type subscriberConfig struct {
	Client    consent.ClientID `yaml:"client"`
	Endpoints []string         `yaml:"endpoints"` // its notifications go to addresses below these, and to no other
	Secret    string           `yaml:"secret"`    // file with the secret that signs them: whsec_ and base64, of 24 to 64 bytes
	PlainHTTP bool             `yaml:"plainHTTP"` // endpoints may be without TLS: what they are told can be read on the way
}

func (list subscribers) check(clients []identity.Client) error {
	for n, s := range list {
		where := fmt.Sprintf("subscribers[%d]", n)
		switch {
		case !slices.ContainsFunc(clients, func(c identity.Client) bool { return c.ID == s.Client }):
			return fmt.Errorf("%s.client must be one of the clients", where)
		case slices.ContainsFunc(list[:n], func(o subscriberConfig) bool { return o.Client == s.Client }):
			return fmt.Errorf("%s.client is named twice", where)
		case len(s.Endpoints) == 0:
			return fmt.Errorf("%s.endpoints: at least one is needed", where)
		case s.Secret == "":
			return fmt.Errorf("%s.secret is missing", where)
		}
		for _, endpoint := range s.Endpoints {
			u, err := url.Parse(endpoint)
			if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && s.PlainHTTP) {
				return fmt.Errorf("%s.endpoints must be https URLs with a host, and no query (plainHTTP allows http)", where)
			}
		}
	}
	return nil
}

// read reads the secrets.
func (list subscribers) read() (subscriptions.Subscribers, error) {
	all := subscriptions.Subscribers{}
	for _, s := range list {
		text, err := os.ReadFile(s.Secret)
		if err != nil {
			return nil, misuse("reading the secret of the subscriber %s: %v", s.Client, err)
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(string(text)), "whsec_"))
		if err != nil || len(secret) < 24 || len(secret) > 64 {
			return nil, misuse("the secret of the subscriber %s must be whsec_ and base64 of 24 to 64 bytes", s.Client)
		}
		all[s.Client] = subscriptions.Subscriber{Client: s.Client, Endpoints: s.Endpoints, Secret: secret}
	}
	return all, nil
}

// tell tells subscribers of changes until it is ended, or ctx is; end waits for the last
// of it.
func (s *site) tell(ctx context.Context, w world, r *road.Road, log *slog.Logger) (end func()) {
	o := &outbox.Outbox{
		Store: s.store, Road: r, Gateway: rand.Text(), Registered: r.Identity.Registered, Clock: w.clock, Log: log,
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		due := time.NewTicker(tellEvery)
		defer due.Stop()
		o.Run(ctx, due.C)
	}()
	return func() {
		stop()
		<-done
	}
}
