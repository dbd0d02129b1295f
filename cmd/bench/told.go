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
	"strings"
	"sync"
	"time"

	"cpagateway/consent"
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

// subscribersOf are the clients of a council that subscribe, by their names among the callers.
func subscribersOf() (names []string) {
	for n := range mostSubscriptions / perSubscriber {
		names = append(names, fmt.Sprint("subscriber-", n))
	}
	return names
}

// addSubscribers adds them to the issuer's callers.
func addSubscribers() {
	council := demo.Callers[slices.IndexFunc(demo.Callers, func(c demo.Caller) bool { return c.Name == socialCare })]
	for _, name := range subscribersOf() {
		if !slices.ContainsFunc(demo.Callers, func(c demo.Caller) bool { return c.Name == name }) {
			one := council
			one.Name, one.Client, one.Scope = name, consent.ClientID("demo-"+name), "system/*.cruds"
			demo.Callers = append(demo.Callers, one)
		}
	}
}

// listener takes notifications, and keeps when each came.
type listener struct {
	address    string
	server     *http.Server
	mu         sync.Mutex
	handshakes int
	came       []time.Time // of each change that it was told of, once
	known      map[string]bool
}

func openListener() (*listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &listener{address: "http://" + l.Addr().String(), known: map[string]bool{}}
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = e.server.Serve(l) }() // until it is closed
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
func (b *bench) telling() (err error) {
	s, err := b.fill("told", leastPeople)
	if err != nil {
		return err
	}
	e, err := openListener()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.server.Close()) }()
	s.told = e.address
	secret := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))
	if err := os.WriteFile(s.secret(), []byte(secret), 0o600); err != nil {
		return err
	}
	gateway, err := b.serve(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, gateway.stop()) }()
	number := min(mostSubscriptions, b.requests)
	if err := b.subscribe(gateway, e, number); err != nil {
		return err
	}
	token, err := b.tokens.writing(treatingTeam)
	if err != nil {
		return err
	}
	plan, err := gateway.toEdit(token, 0)
	if err != nil {
		return err
	}
	err = b.each(func(n int) error {
		changed, err := b.change(gateway, plan, fmt.Sprint(written, " ", n))
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
	if _, err := b.change(gateway, plan, written+" at last"); err != nil {
		return err
	}
	came, err := e.taken(b.ctx, 1, silence)
	b.add("P11/withdrawn", "notifications", float64(len(came)))
	return err
}

// change edits a plan, and gives when that was answered.
func (b *bench) change(gateway *server, plan *edited, words string) (at time.Time, err error) {
	token, err := b.tokens.writing(treatingTeam)
	if err != nil {
		return at, err
	}
	response, answered, err := gateway.exchange(http.MethodGet, plan.path, token, "", "", "")
	if err == nil {
		err = plan.takes(response, answered)
	}
	var body []byte
	if err == nil {
		body, err = plan.says(words)
	}
	if err == nil {
		_, _, err = gateway.exchange(http.MethodPut, plan.path, token, string(body), "application/fhir+json", plan.tag)
	}
	return time.Now(), err
}

// subscribe has clients subscribe to every plan, and waits until each is asked for.
func (b *bench) subscribe(gateway *server, e *listener, number int) error {
	b.tell("  %d subscriptions", number)
	for n := range number {
		name := subscribersOf()[n/perSubscriber]
		token, err := b.tokens.writing(name)
		if err != nil {
			return err
		}
		if _, body, err := gateway.exchange(http.MethodPost, "/Subscription", token, b.subscription(e.address), "application/fhir+json", ""); err != nil {
			return fmt.Errorf("%w: %.300s", err, body)
		}
	}
	for over := time.Now().Add(tellingTime); ; time.Sleep(50 * time.Millisecond) {
		active := 0
		for _, name := range subscribersOf() {
			token, err := b.tokens.writing(name)
			if err != nil {
				return err
			}
			_, body, err := gateway.exchange(http.MethodGet, "/Subscription?status=active", token, "", "", "")
			if err != nil {
				return err
			}
			active += strings.Count(body, `"resourceType":"Subscription"`)
		}
		switch {
		case active == number:
			return nil
		case time.Now().After(over):
			return fmt.Errorf("%d of %d subscriptions are active", active, number)
		}
	}
}

func (b *bench) subscription(endpoint string) string {
	content := []any{map[string]any{"url": "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content", "valueCode": "id-only"}}
	text, _ := json.Marshal(map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "to be measured", "criteria": subscriptions.PlanChanged.URL(),
		"channel": map[string]any{"type": "rest-hook", "endpoint": endpoint + "/told", "payload": "application/fhir+json", "_payload": map[string]any{"extension": content}},
	})
	return string(text)
}
