package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway"
	"cpagateway/gateway/benchdata"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/subscriptions"
)

const (
	mostSubscriptions = 1000
	perSubscriber     = 100 // as many as a client may have
	tellingTime       = time.Minute
	silence           = 5 * time.Second
)

// subscribers are the clients of a council that subscribe.
func subscribers() (all []caller) {
	for n := range mostSubscriptions / perSubscriber {
		all = append(all, caller{fmt.Sprint("subscriber-", n), toWrite})
	}
	return all
}

// addSubscribers adds them to the issuer's callers.
func addSubscribers() {
	council := demo.Callers[slices.IndexFunc(demo.Callers, func(c demo.Caller) bool { return c.Name == socialCare.name })]
	for _, s := range subscribers() {
		if !slices.ContainsFunc(demo.Callers, func(c demo.Caller) bool { return c.Name == s.name }) {
			one := council
			one.Name, one.Client, one.Scope = s.name, consent.ClientID("demo-"+s.name), s.scope
			demo.Callers = append(demo.Callers, one)
		}
	}
}

// listener takes notifications, and keeps when each came.
type listener struct {
	address    string
	mu         sync.Mutex
	handshakes int
	came       []time.Time // of each change that it was told of, once
	known      map[string]bool
}

// listen starts one, which ends with the part.
func (b *bench) listen() (*listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &listener{address: "http://" + l.Addr().String(), known: map[string]bool{}}
	server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	b.atEnd(server.Close)
	go func() { _ = server.Serve(l) }() // until it is closed
	return e, nil
}

func (e *listener) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(r.Body)
	id := r.Header.Get("webhook-id")
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil || e.known[id]:
	case bytes.Contains(body, []byte(`"`+string(subscriptions.Notification)+`"`)):
		e.came, e.known[id] = append(e.came, now), true
	default:
		e.handshakes, e.known[id] = e.handshakes+1, true
	}
}

// taken takes what came since the last time, when there is so much of it or time is over.
func (e *listener) taken(ctx context.Context, number int, most time.Duration) ([]time.Time, error) {
	for over := time.Now().Add(most); ; time.Sleep(10 * time.Millisecond) {
		e.mu.Lock()
		came := e.came
		if len(came) >= number || time.Now().After(over) {
			e.came = nil
			e.mu.Unlock()
			return came, ctx.Err()
		}
		e.mu.Unlock()
	}
}

// telling measures how long after a change its subscribers are told: P11.
func (b *bench) telling() error {
	s, err := b.fill("told", leastPeople)
	if err != nil {
		return err
	}
	e, err := b.listen()
	if err != nil {
		return err
	}
	s.told = e.address
	secret := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))
	if err := os.WriteFile(s.secret(), []byte(secret), 0o600); err != nil {
		return err
	}
	gateway, err := b.serve(s)
	if err != nil {
		return err
	}
	number := min(mostSubscriptions, b.requests)
	if err := b.subscribe(gateway, e, number); err != nil {
		return err
	}
	plan, err := gateway.toEdit(0)
	if err != nil {
		return err
	}
	err = b.each(func(n int) error {
		changed, err := plan.change(gateway, fmt.Sprint(written, " ", n))
		if err != nil {
			return err
		}
		came, err := e.taken(b.ctx, number, tellingTime)
		var took []float64
		for _, at := range came {
			took = append(took, milliseconds(at.Sub(changed)))
		}
		b.add("P11/p50", "ms", quantile(took, 0.5))
		b.add("P11/p99", "ms", quantile(took, 0.99))
		b.add("P11/lost", "notifications", float64(number-len(came)))
		return err
	})
	return errors.Join(err, b.withdrawn(s, gateway, e, plan))
}

// withdrawn counts what is told after sharing was taken back.
func (b *bench) withdrawn(s *site, gateway *server, e *listener, plan *edited) error {
	plans := filepath.Join(s.folder, "withdrawn")
	people := benchdata.People{Number: 1, Seed: b.seed, Wishes: func(int) benchdata.Wish { return benchdata.Withdrawn }}
	if err := errors.Join(people.Write(plans), b.bringIn(s, plans)); err != nil {
		return err
	}
	if _, err := plan.change(gateway, written+" at last"); err != nil {
		return err
	}
	came, err := e.taken(b.ctx, 1, silence)
	b.add("P11/withdrawn", "notifications", float64(len(came)))
	return err
}

// change edits a plan, and gives when that was answered.
func (e *edited) change(s *server, words string) (at time.Time, err error) {
	if err := e.read(s); err != nil {
		return at, err
	}
	body, err := e.says(words)
	if err == nil {
		_, err = e.put(s, body)
	}
	return time.Now(), err
}

// subscribe has clients subscribe to every plan, and waits until each is asked for.
func (b *bench) subscribe(s *server, e *listener, number int) error {
	b.tell("  %d subscriptions", number)
	all := subscribers()
	for n := range number {
		c := call{by: all[n/perSubscriber], method: http.MethodPost, path: gateway.Prefix + "/Subscription", body: b.subscription(e.address), contentType: fhirJSON}
		if _, err := s.send(c); err != nil {
			return err
		}
	}
	for over := time.Now().Add(tellingTime); ; time.Sleep(50 * time.Millisecond) {
		active := 0
		for _, by := range all {
			a, err := s.get(by, "/Subscription?status=active")
			if err != nil {
				return err
			}
			active += bytes.Count(a.body, []byte(`"resourceType":"Subscription"`))
		}
		switch {
		case active == number:
			return nil
		case time.Now().After(over):
			return fmt.Errorf("%d of %d subscriptions are active", active, number)
		}
	}
}

func (b *bench) subscription(endpoint string) []byte {
	content := []any{map[string]any{"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content", "valueCode": "id-only"}}
	text, _ := json.Marshal(map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "to be measured", "criteria": subscriptions.PlanChanged.URL(),
		"channel": map[string]any{"type": "rest-hook", "endpoint": endpoint + "/told", "payload": fhirJSON, "_payload": map[string]any{"extension": content}},
	})
	return text
}
