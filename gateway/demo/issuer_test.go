package demo_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"

	"cpagateway/consent"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/identity"
	"cpagateway/profiles"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// guard is a replay guard within one process.
type guard struct {
	mu   sync.Mutex
	held map[string]bool
	down bool
}

func (g *guard) Claim(_ context.Context, key string, _ time.Time, _ time.Duration) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		return false, errors.New("no answer")
	}
	taken := g.held[key]
	g.held[key] = true
	return !taken, nil
}

// running is a demo's issuer, on a listener of its own, and a gateway that trusts it.
type running struct {
	t        *testing.T
	dir      string
	guard    *guard
	issuer   *demo.Issuer
	server   *httptest.Server
	verifier *identity.Verifier
	client   *http.Client
	ahead    time.Duration // of the issuer's clock
}

func run(t *testing.T) *running {
	t.Helper()
	return runIn(t, t.TempDir())
}

func runIn(t *testing.T, dir string) *running {
	t.Helper()
	r := &running{t: t, dir: dir, guard: &guard{held: map[string]bool{}}}
	r.server = httptest.NewUnstartedServer(nil)
	issuer, err := demo.New(r.server.Listener.Addr().String(), dir, r.guard, r.clock)
	if err != nil {
		t.Fatal(err)
	}
	r.issuer = issuer
	r.server.Config.Handler = issuer
	r.server.Start()
	t.Cleanup(r.server.Close)
	r.client = r.server.Client()
	if r.verifier, err = identity.New(t.Context(), issuer.Identity(), r.guard, r.clock); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *running) clock() time.Time { return time.Now().Add(r.ahead) }

func (r *running) ask(name string, purpose profiles.Purpose) (string, error) {
	return demo.Token(r.t.Context(), demo.Ask{
		Gateway: r.server.URL, Dir: r.dir, Name: name, Purpose: purpose, HTTP: r.client, Clock: r.clock,
	})
}

func (r *running) verify(token string, headers ...string) (consent.Caller, error) {
	request := httptest.NewRequest(http.MethodGet, "/fhir/R4/CarePlan", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	return r.verifier.Verify(r.t.Context(), request)
}

// Every caller of the cast gets a token as any client would, and the gateway's own
// identity makes of it the caller that the table says.
func TestEveryCallerOfTheCast(t *testing.T) {
	r := run(t)
	if len(demo.Callers) < 7 {
		t.Fatalf("the cast has %d callers", len(demo.Callers))
	}
	for _, want := range demo.Callers {
		t.Run(want.Name, func(t *testing.T) {
			token, err := r.ask(want.Name, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.verify(token)
			if err != nil {
				t.Fatal(err)
			}
			if got.Client != want.Client || got.Organisation != want.Organisation || got.Team != want.Team ||
				got.Person != want.Person || got.Role != want.Role || got.Purpose != want.Purposes[0] || got.TokenID == "" {
				t.Errorf("got %+v", got)
			}
			writes := slices.ContainsFunc(got.Scopes, func(s consent.Scope) bool { return s.Create || s.Update || s.Delete })
			if first := got.Scopes[0]; first.Context != "system" || first.Type != "*" || !first.Read || !first.Search || writes != (want.Scope != "") {
				t.Errorf("scopes %+v", got.Scopes)
			}
		})
	}
}

func refusedWith(err error, code string) bool {
	var no *identity.Refusal
	return errors.As(err, &no) && no.Code == code
}

// The issuer states the purpose that it is asked for; the register refuses it.
func TestPurposeThatIsNotTheCallers(t *testing.T) {
	r := run(t)
	token, err := r.ask("ooh", profiles.CareCoordination)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.verify(token); !refusedWith(err, identity.PurposeMissing) {
		t.Errorf("got purpose %q, %v", got.Purpose, err)
	}
	token, err = r.ask("ooh", "ETREAT COC")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.verify(token); !refusedWith(err, identity.PurposeAmbiguous) {
		t.Errorf("two purposes: got %q, %v", got.Purpose, err)
	}
	if got, err := r.verify(token, "X-Purpose-Of-Use", "ETREAT"); err != nil || got.Purpose != "ETREAT" {
		t.Errorf("two purposes and a choice: got %q, %v", got.Purpose, err)
	}
	if _, err := r.ask("ooh", "not a purpose"); err == nil || !strings.Contains(err.Error(), "invalid_request") {
		t.Errorf("a purpose of no known form: %v", err)
	}
}

func TestTokensOfTheIssuerExpireInFiveMinutes(t *testing.T) {
	r := run(t)
	token, err := r.ask("gp", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.verify(token); err != nil {
		t.Fatal(err)
	}
	r.ahead = 5 * time.Minute
	var refusal *identity.Refusal
	if _, err := r.verify(token); !errors.As(err, &refusal) || refusal.Code != identity.TokenExpired {
		t.Errorf("after five minutes: %v", err)
	}
}

// The issuer opens whatever trusts it, so nobody but this machine may reach it.
func TestIssuerOnlyOnLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "127.8.8.8:1": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:8080": false, "192.168.1.2:8080": false, "10.0.0.1:80": false,
		"localhost:8080": false, "gateway.example:443": false, "127.0.0.1.example:80": false, "127.0.0.1": false, "": false,
	} {
		_, err := demo.New(addr, t.TempDir(), &guard{}, time.Now)
		if (err == nil) != want {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

// Mounted on a server that listens to the world, it is not there.
func TestIssuerMountedElsewhereDoesNotAnswer(t *testing.T) {
	r := run(t)
	for name, local := range map[string]net.Addr{
		"another address": &net.TCPAddr{IP: net.IPv4(192, 168, 1, 2), Port: 80},
		"none known":      nil,
	} {
		request := httptest.NewRequest(http.MethodGet, demo.IssuerPath+"/jwks", nil)
		if local != nil {
			request = request.WithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, local))
		}
		answer := httptest.NewRecorder()
		r.issuer.ServeHTTP(answer, request)
		if answer.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", name, answer.Code)
		}
	}
}

// The metadata says what there is, and what it says there is answers.
func TestMetadataIsHonest(t *testing.T) {
	r := run(t)
	provider, err := oidc.NewProvider(oidc.ClientContext(t.Context(), r.client), r.issuer.URL())
	if err != nil {
		t.Fatal(err)
	}
	var metadata map[string]any
	if err := provider.Claims(&metadata); err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"authorization_endpoint", "userinfo_endpoint", "introspection_endpoint", "registration_endpoint"} {
		if metadata[absent] != nil {
			t.Errorf("%s is promised", absent)
		}
	}
	answer, err := r.client.Get(metadata["jwks_uri"].(string))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() || strings.Contains(string(text), `"d"`) {
		t.Errorf("key set %s, %v", text, err)
	}
	if _, status := post(t, r, url.Values{}); status != http.StatusBadRequest {
		t.Errorf("an empty form: status %d", status)
	}
}

// post sends a form to the token endpoint and returns the OAuth error and status.
func post(t *testing.T, r *running, form url.Values) (string, int) {
	t.Helper()
	answer, err := r.client.PostForm(r.issuer.URL()+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body struct {
		Error string `json:"error"`
		Scope string `json:"scope"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
	return body.Error + body.Scope, answer.StatusCode
}
