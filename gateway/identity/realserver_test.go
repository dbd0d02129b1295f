package identity_test

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.yaml.in/yaml/v3"

	"cpagateway/gateway/identity"
)

// realServer is npm's oidc-provider, an OpenID server that we did not write. It is
// installed into a temporary folder and runs until the test ends.
type realServer struct {
	t        *testing.T
	url      string
	audience string  // of the gateway, as the page has it
	client   *holder // its key signs assertions and proofs
}

func startRealServer(t *testing.T) *realServer {
	t.Helper()
	if !strings.Contains(os.Getenv("CPA_TEST_SERVERS"), "openid") {
		t.Skip("left out: oidc-provider 9.13.3 (npm), the OpenID server we did not write; make test runs it where Node.js 20 and npm are")
	}
	page := tokensPage(t)
	s := &realServer{t: t, client: &holder{world: newWorld(t), own: newKey(t)}}
	s.client.world.now.Store(int64(time.Since(start)))
	folder := t.TempDir()
	for name, text := range map[string][]byte{
		"package.json": page.block("json"), "server.js": page.block("js"),
		"out-of-hours.jwks.json": encode(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{publicJWK("own", s.client.own.Public())}}),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--silent")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("installing oidc-provider (node 20 or later and npm are needed): %v\n%s", err, out)
	}
	server := exec.CommandContext(t.Context(), "node", "server.js")
	server.Dir = folder
	server.Env = append(os.Environ(), "PORT=0")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait() // killed: there is nothing to learn from how it ended
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("starting oidc-provider: %v", err)
	}
	s.url = strings.TrimSpace(line)
	var cfg identity.Config
	if err := yaml.Unmarshal(page.block("yaml"), &cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Issuers[0].URL = s.url // on a port of its own; all else is the page's
	s.audience = cfg.Audience
	s.client.verifier = s.client.newVerifier(cfg)
	return s
}

// markdown is a page whose blocks are tried.
type markdown struct {
	t    *testing.T
	text string
}

func tokensPage(t *testing.T) markdown {
	t.Helper()
	text, err := os.ReadFile("../../docs/tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	return markdown{t, string(text)}
}

// block is the first one in a language.
func (m markdown) block(language string) []byte {
	m.t.Helper()
	_, rest, found := strings.Cut(m.text, "\n```"+language+"\n")
	text, _, closed := strings.Cut(rest, "\n```\n")
	if !found || !closed {
		m.t.Fatalf("docs/tokens.md has no block in %s", language)
	}
	return []byte(text)
}

// ask gets a token for a resource, with a DPoP proof when one is given.
func (s *realServer) ask(resource, proof string) string {
	s.t.Helper()
	now := s.client.clock().Unix()
	assertion := compact(s.t, map[string]any{"alg": "ES256", "kid": "own"}, encode(s.t, map[string]any{
		"iss": "out-of-hours", "sub": "out-of-hours", "aud": s.url, "jti": rand.Text(), "iat": now, "exp": now + 60,
	}), s.client.own)
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/token", strings.NewReader(url.Values{
		"grant_type": {"client_credentials"}, "scope": {"system/CarePlan.rs"}, "resource": {resource},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
	}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &granted); err != nil || granted.Token == "" {
		s.t.Fatalf("no token: %s", text)
	}
	return granted.Token
}

// TestRealServer verifies the tokens of an OpenID server that we did not write, set up
// as docs/tokens.md has it.
func TestRealServer(t *testing.T) {
	s := startRealServer(t)
	token := s.ask(s.audience, "")
	c := s.client.allowed(request("Bearer", token))
	if c.Client != "out-of-hours" || c.Organisation != "7A4" || c.Team != "crht" || c.Purpose != "ETREAT" || len(c.Scopes) != 1 || c.TokenID == "" {
		t.Errorf("got %+v", c)
	}
	for _, f := range s.client.verifier.Inspect(t.Context(), token).Findings {
		if f.State != identity.Holds {
			t.Errorf("an inspection finds %+v", f)
		}
	}
	s.client.refused(request("Bearer", s.ask("https://other.example", "")), identity.TokenAudience)

	forServer := s.client.proof(nil, map[string]any{"htm": "POST", "htu": s.url + "/token", "jti": rand.Text(), "ath": nil})
	s.client.token = s.ask(s.audience, forServer)
	s.client.refused(request("Bearer", s.client.token), identity.ProofInvalid)
	r := request("DPoP", s.client.token, "DPoP", s.client.proof(nil, map[string]any{"jti": rand.Text(), "htu": s.audience + "/fhir/R4/CarePlan"}))
	s.client.allowed(r)
	s.client.refused(r, identity.ProofReplayed)
}
