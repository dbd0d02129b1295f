package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/gateway/demo"
	"cpagateway/gateway/subscriptions"
)

// Subscribers that could never be told are refused when the configuration is read.
func TestSubscribersAreChecked(t *testing.T) {
	s := settle(t)
	secret := write(t, filepath.Join(s.dir, "secret"), "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	short := write(t, filepath.Join(s.dir, "short"), "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 8)))
	for name, c := range map[string]struct{ subscriber, says string }{
		"a client that is none": {fmt.Sprintf("{client: x, endpoints: [https://a.example], secret: %q}", secret), "one of the clients"},
		"no endpoint":           {fmt.Sprintf("{client: demo-gp, secret: %q}", secret), "endpoints"},
		"no TLS":                {fmt.Sprintf("{client: demo-gp, endpoints: [http://a.example], secret: %q}", secret), "https"},
		"a password":            {fmt.Sprintf("{client: demo-gp, endpoints: ['https://a:b@a.example'], secret: %q}", secret), "https"},
		"no secret":             {"{client: demo-gp, endpoints: [https://a.example]}", "secret is missing"},
		"no such secret":        {"{client: demo-gp, endpoints: [https://a.example], secret: /nowhere/at/all}", "secret of the subscriber"},
		"a short secret":        {fmt.Sprintf("{client: demo-gp, endpoints: [https://a.example], secret: %q}", short), "24 to 64 bytes"},
		"named twice":           {fmt.Sprintf("{client: demo-gp, endpoints: [https://a.example], secret: %[1]q}, {client: demo-gp, endpoints: [https://a.example], secret: %[1]q}", secret), "named twice"},
	} {
		t.Run(name, func(t *testing.T) {
			file := s.change("agreements: ", "subscribers: ["+c.subscriber+"]\nagreements: ")
			if p := cli("serve", "--config", file, "--check").must(t, exitUsage); !strings.Contains(p.errs, c.says) {
				t.Errorf("it says %s", p.errs)
			}
		})
	}
}

// hook is what a subscriber has been told, by the numbers of the events.
type hook struct {
	mu    sync.Mutex
	order []string
	ids   map[string]string
}

func (k *hook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, number, event := strings.Cut(string(body), `"event-number","valueString":"`)
	if !event {
		return
	}
	number, _, _ = strings.Cut(number, `"`)
	k.mu.Lock()
	defer k.mu.Unlock()
	if before, again := k.ids[r.Header.Get("webhook-id")]; again && before != number {
		k.order = append(k.order, "one id for two events")
	} else if !again {
		k.order = append(k.order, number)
	}
	k.ids[r.Header.Get("webhook-id")] = number
}

// A gateway that is killed again and again, while extracts come in, loses nothing that was
// to be told and numbers nothing twice.
func TestAKilledProcessLosesNothing(t *testing.T) {
	s := settle(t)
	s.openIssuer()
	subscriber := &hook{ids: map[string]string{}}
	endpoint := httptest.NewServer(subscriber)
	defer endpoint.Close()
	secret := write(t, filepath.Join(s.dir, "secret"), "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	s.config = s.change("agreements: ", fmt.Sprintf("subscribers: [{client: demo-social-care, endpoints: [%q], secret: %q, plainHTTP: true}]\nagreements: ", endpoint.URL, secret))
	serve := func() *exec.Cmd {
		c := exec.Command(os.Args[0], "serve", "--config", s.config) // the program, by TestMain
		c.Env = append(os.Environ(), "CPA_GATEWAY_MAIN=1")
		c.Stderr = s.logs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		s.await("/readyz", http.StatusOK)
		return c
	}
	running := serve()
	defer func() { _ = running.Process.Kill(); _ = running.Wait() }()
	body := fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"to keep in step","criteria":%q,"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json"}}`, subscriptions.PlanChanged.URL(), endpoint.URL)
	request, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/fhir/R4/Subscription", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token("social-care"))
	request.Header.Set("Content-Type", "application/fhir+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%v %v", response, err)
	}
	response.Body.Close()
	const changes, kills = 12, 5
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same chances each time
	for i := range changes {
		cli("import", "--config", s.config, "--source", "paris", annWith(t, s.dir, fmt.Sprint("Flat ", i))).must(t, exitDone)
		if i%2 == 1 && i/2 < kills {
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
			_ = running.Process.Kill()
			_ = running.Wait()
			running = serve()
		}
	}
	want := make([]string, changes)
	for i := range want {
		want[i] = fmt.Sprint(i + 1)
	}
	for range 400 {
		subscriber.mu.Lock()
		got := slices.Clone(subscriber.order)
		subscriber.mu.Unlock()
		if slices.Equal(got, want) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	subscriber.mu.Lock()
	defer subscriber.mu.Unlock()
	if !slices.Equal(subscriber.order, want) {
		t.Errorf("told %q\n%s", subscriber.order, s.logs)
	}
	cli("audit", "verify", "--config", s.config).must(t, exitDone)
}

// annWith is a folder with Ann's plan, in which one thing is said otherwise.
func annWith(t *testing.T, dir, words string) string {
	t.Helper()
	var plan map[string]any
	for _, extract := range demo.Extracts(time.Now()) {
		text, err := fs.ReadFile(extract.Files, "ann.json")
		if err == nil {
			err = json.Unmarshal(text, &plan)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, outcome := range plan["outcomes"].([]any) {
		if o := outcome.(map[string]any); o["area"] == "accommodation" {
			o["services"].([]any)[0].(map[string]any)["what"] = words
		}
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "ann-"+strings.ReplaceAll(words, " ", "-"))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "ann.json"), string(text))
	return folder
}
