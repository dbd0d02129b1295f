package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/local"
	"cpagateway/profiles"
)

// served is one gateway run by `serve` from a file, with an issuer elsewhere.
type served struct {
	t           *testing.T
	dir, config string
	addr, admin string
	issuer      string // its address
	clock       func() time.Time
	stop        context.CancelFunc
	ended       chan int
	logs        *lockedBuffer
}

// settle writes gateway.yaml and brings the cast in with it.
func settle(t *testing.T) *served {
	t.Helper()
	s := configure(t, "{name: paris, format: welsh-ctp, custodian: 7A4, grants: on}")
	plans := filepath.Join(s.dir, "plans")
	for _, extract := range demo.Extracts(time.Now()) {
		if err := os.MkdirAll(plans, 0o700); err != nil {
			t.Fatal(err)
		}
		text, err := fs.ReadFile(extract.Files, "ann.json")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(plans, "ann.json"), string(text))
	}
	cli("import", "--config", s.config, "--source", "paris", plans).must(t, exitDone)
	return s
}

// configure writes gateway.yaml with the sources given.
func configure(t *testing.T, sources string) *served {
	t.Helper()
	s := &served{t: t, dir: t.TempDir(), addr: free(t), admin: free(t), issuer: free(t), clock: time.Now, ended: make(chan int, 1), logs: &lockedBuffer{}}
	agreements := filepath.Join(s.dir, "agreements")
	if err := os.CopyFS(agreements, demo.Agreements()); err != nil {
		t.Fatal(err)
	}
	var c strings.Builder
	fmt.Fprintf(&c, "organisation: 7A4\ndutyLine: %q\nhttp: {address: %q, admin: %q, base: %q, notice: 0s}\n", demo.DutyLine, s.addr, s.admin, "http://"+s.addr+"/fhir/R4")
	fmt.Fprintf(&c, "audience: %q\nissuers: [{url: %q}]\nclients:\n", "http://"+s.issuer, "http://"+s.issuer+demo.IssuerPath)
	for _, client := range demo.Clients() {
		fmt.Fprintf(&c, "  - {id: %s, organisation: %s, teams: [%s], purposes: [%s]}\n", client.ID, client.Organisation, client.Teams[0], client.Purposes[0])
	}
	fmt.Fprintf(&c, "agreements: %q\nrecords: {sqlite: %q}\nsources: [%s]\n", agreements, filepath.Join(s.dir, "data"), sources)
	s.config = write(t, filepath.Join(s.dir, "gateway.yaml"), c.String())
	return s
}

// start runs serve; the issuer may be up or not.
func (s *served) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.ended <- run(world{ctx: ctx, out: io.Discard, err: s.logs, clock: s.clock}, []string{"serve", "--config", s.config})
	}()
	s.t.Cleanup(func() { stop(); <-over }) // before its folder goes
	s.await("/healthz", http.StatusOK)
}

// await asks the admin address until it answers with a status.
func (s *served) await(path string, status int) {
	s.t.Helper()
	last := 0
	for range 400 {
		if response, err := http.Get("http://" + s.admin + path); err == nil {
			response.Body.Close()
			if last = response.StatusCode; last == status {
				return
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatalf("%s answers %d, want %d\n%s", path, last, status, s.logs)
}

// openIssuer puts the demo's issuer where the configuration says it is.
func (s *served) openIssuer() {
	s.t.Helper()
	shared := local.New(time.Now)
	issuer, err := demo.New(s.issuer, s.dir, shared, time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.issuer)
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: issuer}
	go server.Serve(l)
	s.t.Cleanup(func() { server.Close(); shared.Close() })
}

func (s *served) token(as string) string {
	s.t.Helper()
	token, err := demo.Token(context.Background(), demo.Ask{Gateway: "http://" + s.issuer, Dir: s.dir, Name: as, HTTP: http.DefaultClient, Clock: time.Now})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

const crisisForm = "patient.identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018&category=" + profiles.CodeCrisisPlan

func (s *served) ask(token string) answer {
	s.t.Helper()
	return s.search(token, "CarePlan", crisisForm)
}

// search posts a form.
func (s *served) search(token, typ, form string) answer {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/fhir/R4/"+typ+"/_search", strings.NewReader(form))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

func TestServeFromAFile(t *testing.T) {
	s := settle(t)
	if p := cli("serve", "--config", s.config, "--check").must(t, exitDone); !strings.Contains(p.out, s.addr) || !strings.Contains(p.out, "ISP-CPA-0001") {
		t.Errorf("--check prints %s", p.out)
	}
	s.start()
	s.await("/readyz", http.StatusServiceUnavailable)
	cli("healthcheck", "--admin", s.admin).must(t, exitDone)
	s.openIssuer()
	s.await("/readyz", http.StatusOK)
	cli("healthcheck", "--admin", s.admin).must(t, exitDone)
	if a := s.ask(s.token("gp")); a.status != http.StatusOK || len(a.matches(t)) != 1 {
		t.Errorf("the practice: %d %.300s", a.status, a.body)
	}
	if a := s.ask("nonsense"); a.status != http.StatusUnauthorized {
		t.Errorf("nonsense for a token: %d", a.status)
	}
	if response, err := http.Get("http://" + s.addr + demo.IssuerPath + "/.well-known/openid-configuration"); err != nil || response.StatusCode == http.StatusOK {
		t.Errorf("serve serves an issuer: %v", err)
	}
	s.stop()
	if code := <-s.ended; code != exitDone {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
	cli("audit", "verify", "--config", s.config).must(t, exitDone)
}

func TestWhatIsUnderwayFinishesWhenServeStops(t *testing.T) {
	s := settle(t)
	s.openIssuer()
	s.start()
	s.await("/readyz", http.StatusOK)
	s.finishes()
}

// A request that was underway when serve stopped was answered 503 where it was
// the first to need the issuer's keys: they could no longer be fetched.
func TestKeysAreFetchedForWhatIsUnderwayWhenServeStops(t *testing.T) {
	s := settle(t)
	s.openIssuer()
	s.start()
	s.finishes()
}

// finishes sends half a search, stops serve, and sends the rest.
func (s *served) finishes() {
	t := s.t
	t.Helper()
	token := s.token("gp")
	connection, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	half := len(crisisForm) / 2
	fmt.Fprintf(connection, "POST /fhir/R4/CarePlan/_search HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		s.addr, token, len(crisisForm), crisisForm[:half])
	time.Sleep(200 * time.Millisecond) // for the head to arrive: until then nothing is underway
	s.stop()
	for range 200 {
		probe, err := net.Dial("tcp", s.addr)
		if err != nil {
			break
		}
		probe.Close()
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := net.Dial("tcp", s.addr); err == nil {
		t.Fatal("the gateway still takes connections")
	}
	select {
	case code := <-s.ended:
		t.Fatalf("ended with %d while a request was underway", code)
	default:
	}
	io.WriteString(connection, crisisForm[half:])
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("what was underway was cut off: %v\n%s", err, s.logs)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || !strings.Contains(string(text), profiles.CodeCrisisPlan) {
		t.Errorf("answered %d: %.300s", response.StatusCode, text)
	}
	if code := <-s.ended; code != exitDone {
		t.Errorf("ended with %d\n%s", code, s.logs)
	}
}
