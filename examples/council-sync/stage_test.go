package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const ann = "9990000018"

// stage is the demo of the gateway and the council's folder, both of real programs.
type stage struct {
	t                       *testing.T
	programs, data, council string
	address                 string
	gateway                 *exec.Cmd
	proxy                   *httptest.Server
	answered                atomic.Pointer[func(*http.Response) error] // of what stands between the two
}

func openStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, programs: t.TempDir(), data: t.TempDir(), council: t.TempDir()}
	s.must(exec.Command("go", "build", "-o", s.programs, ".", "../../cmd/cpa-gateway").Run())
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where the demo leaves its note, and go its builds
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	s.address = l.Addr().String()
	s.must(l.Close())
	s.start()
	t.Cleanup(s.stop)
	to, err := url.Parse("http://" + s.address)
	s.must(err)
	between := httputil.NewSingleHostReverseProxy(to)
	between.ModifyResponse = func(response *http.Response) error {
		if answered := s.answered.Load(); answered != nil {
			return (*answered)(response)
		}
		return nil
	}
	between.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	s.proxy = httptest.NewServer(between)
	t.Cleanup(s.proxy.Close)
	s.write(councilFile{Person: ann, Parts: []part{}})
	s.renew("social-care")
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// start starts the gateway and waits until it answers.
func (s *stage) start() {
	s.t.Helper()
	s.gateway = exec.Command(filepath.Join(s.programs, "cpa-gateway"), "demo", "--addr", s.address, "--data", s.data)
	s.must(s.gateway.Start())
	for range 600 {
		if response, err := http.Get("http://" + s.address + "/fhir/R4/metadata"); err == nil {
			response.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatal("the gateway did not start")
}

func (s *stage) stop() {
	if s.gateway != nil {
		_ = s.gateway.Process.Signal(os.Interrupt)
		_ = s.gateway.Wait()
		s.gateway = nil
	}
}

func (s *stage) run(program string, args ...string) (out string, code int) {
	s.t.Helper()
	c := exec.Command(filepath.Join(s.programs, program), args...)
	text, err := c.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.t.Fatal(err)
	}
	return string(text), c.ProcessState.ExitCode()
}

func (s *stage) token(as string) string {
	s.t.Helper()
	token, code := s.run("cpa-gateway", "token", "--gateway", "http://"+s.address, "--data", s.data, "--as", as)
	if code != 0 {
		s.t.Fatal(token)
	}
	return strings.TrimSpace(token)
}

func (s *stage) renew(as string) {
	s.t.Helper()
	s.must(os.WriteFile(filepath.Join(s.council, "token"), []byte(s.token(as)), 0o600))
}

func (s *stage) file() string { return filepath.Join(s.council, "ann.json") }

func (s *stage) write(c councilFile) {
	s.t.Helper()
	text, err := json.Marshal(c)
	s.must(err)
	s.must(os.WriteFile(s.file(), text, 0o600))
}

func (s *stage) read() (c councilFile) {
	s.t.Helper()
	text, err := os.ReadFile(s.file())
	s.must(err)
	s.must(json.Unmarshal(text, &c))
	return c
}

// edit is somebody at the council who writes into the file.
func (s *stage) edit(change func(c *councilFile)) {
	s.t.Helper()
	c := s.read()
	change(&c)
	s.write(c)
}

// says is somebody at the council who writes a part.
func (s *stage) says(id, text string) {
	s.t.Helper()
	s.edit(func(c *councilFile) {
		for i := range c.Parts {
			if c.Parts[i].ID == id {
				c.Parts[i].Text = text
				return
			}
		}
		c.Parts = append(c.Parts, part{ID: id, words: words{"accommodation", text, "scheduled"}})
	})
}

// sync runs the program and fails where it does not end as it should.
func (s *stage) sync(want int, more ...string) string {
	s.t.Helper()
	out, code := s.run("council-sync", s.flags(more...)...)
	if code != want {
		s.t.Fatalf("ended with %d, want %d:\n%s\n%+v", code, want, out, s.read())
	}
	return out
}

func (s *stage) flags(more ...string) []string {
	return append([]string{
		"-gateway", s.proxy.URL + "/fhir/R4", "-token", filepath.Join(s.council, "token"), "-file", s.file(),
		"-pause", "1ms", "-patience", "100ms",
	}, more...)
}

// team reads the plan as the care coordinator, and sends it back changed where a change is given.
func (s *stage) team(old, new string) (body, tag string) {
	s.t.Helper()
	var found struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	query := url.Values{"patient.identifier": {nhsNumber + "|" + ann}, "category": {carePlan}}
	body, _ = s.ask(http.MethodGet, "/CarePlan?"+query.Encode(), "", "")
	s.must(json.Unmarshal([]byte(body), &found))
	path := "/CarePlan/" + found.Entry[0].Resource.ID
	body, tag = s.ask(http.MethodGet, path, "", "")
	if old == "" {
		return body, tag
	}
	if !strings.Contains(body, old) {
		s.t.Fatalf("%q is not in the plan: %s", old, body)
	}
	return s.ask(http.MethodPut, path, strings.ReplaceAll(body, old, new), tag)
}

func (s *stage) ask(method, path, body, tag string) (string, string) {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.address+"/fhir/R4"+path, bytes.NewReader([]byte(body)))
	s.must(err)
	request.Header.Set("Authorization", "Bearer "+s.token("cmht"))
	request.Header.Set("Content-Type", "application/fhir+json")
	if tag != "" {
		request.Header.Set("If-Match", tag)
	}
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	s.must(err)
	if response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	return string(text), response.Header.Get("ETag")
}

// times is how often the plan's activities say something.
func (s *stage) times(text string) int {
	s.t.Helper()
	body, _ := s.team("", "")
	p, err := parsePlan([]byte(body))
	s.must(err)
	n := 0
	for _, w := range p.words() {
		if w.Text == text {
			n++
		}
	}
	return n
}
