package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/profiles/fhir"
)

// another is a FHIR server that takes transactions and finds plans by the identifier of
// their person and by category. It refuses a token.
type another struct {
	using sync.Mutex
	kept  map[string]fhir.Value // by TYPE/ID
	seen  int                   // questions
}

func (a *another) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.using.Lock()
	defer a.using.Unlock()
	answer := func(status int, resource any) {
		w.Header().Set("Content-Type", "application/fhir+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(resource)
	}
	switch {
	case r.Header.Get("Authorization") != "":
		answer(http.StatusUnauthorized, map[string]string{"resourceType": "OperationOutcome"})
	case r.URL.Path == "/fhir":
		raw, _ := io.ReadAll(r.Body)
		sent, err := fhir.Parse(raw)
		if err != nil {
			answer(http.StatusBadRequest, err.Error())
			return
		}
		for entry := range sent.Get("entry").Each() {
			a.kept[entry.Get("request").Get("url").Text()] = entry.Get("resource")
		}
		answer(http.StatusOK, map[string]string{"resourceType": "Bundle", "type": "transaction-response"})
	case r.URL.Path == "/fhir/CarePlan/_search":
		a.seen++
		found := []any{}
		for _, plan := range a.kept {
			if plan.Type() == "CarePlan" && a.asked(plan, r) {
				found = append(found, map[string]any{"resource": json.RawMessage(plan.Raw())})
			}
		}
		answer(http.StatusOK, map[string]any{"resourceType": "Bundle", "type": "searchset", "entry": found})
	default:
		answer(http.StatusNotFound, map[string]string{"resourceType": "OperationOutcome"})
	}
}

func (a *another) asked(plan fhir.Value, r *http.Request) bool {
	_, number, _ := strings.Cut(r.PostFormValue("patient.identifier"), "|")
	person := a.kept[plan.Get("subject").Get("reference").Text()]
	category := r.PostFormValue("category")
	return strings.Contains(string(person.Get("identifier").Raw()), `"`+number+`"`) &&
		(category == "" || strings.Contains(string(plan.Get("category").Raw()), `"`+category+`"`))
}

// Another server is given what the gateway holds and asked the same; the table has a line of
// it beside that of the gateway.
func TestAnotherServerIsMeasuredBeside(t *testing.T) {
	other := &another{kept: map[string]fhir.Value{}}
	served := httptest.NewServer(other)
	defer served.Close()
	p, err := readPeer("Other=" + served.URL + "/fhir," + strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	o := options{only: partBeside, people: 20, rounds: 1, requests: 20, imported: 8, rows: 200, asked: 100, seed: 1, spin: time.Millisecond, work: t.TempDir(), peers: []peer{p}}
	r, err := measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"64 connections: gateway", "64 connections: Other (nothing checked or recorded)", "8 connections: Other (nothing checked or recorded)"} {
		if !strings.Contains(table(r, nil), want) {
			t.Errorf("the table has no %q", want)
		}
	}
	if other.seen < 2*o.requests || len(other.kept) < 20*10 {
		t.Errorf("it was asked %d times, and holds %d resources", other.seen, len(other.kept))
	}
	if _, err := measure(t.Context(), o); err == nil || !strings.Contains(err.Error(), "it has to be empty") {
		t.Errorf("a server that holds something already: %v", err)
	}
}

func TestAPeerIsNameAddressAndProcesses(t *testing.T) {
	for text, want := range map[string]int{
		"HAPI=http://127.0.0.1:8080/fhir,12": 1, "WSO2=http://127.0.0.1:9090/fhir/r4/,12,13": 2,
		"HAPI": 0, "HAPI=http://127.0.0.1:8080/fhir": 0, "HAPI=127.0.0.1:8080,12": 0, "gateway=http://127.0.0.1/fhir,12": 0, "static=http://127.0.0.1/fhir,12": 0, "a b=http://127.0.0.1/fhir,12": 0,
	} {
		p, err := readPeer(text)
		if len(p.processes) != want || (err == nil) != (want > 0) || strings.HasSuffix(p.base, "/") {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
}

// The time of a family is that of the children as well, while they run and when they have
// ended: a database answers from processes that come and go.
func TestAFamilyCountsItsChildren(t *testing.T) {
	parent := exec.Command("sh", "-c", "(while :; do :; done) & read go; kill $!; wait; echo ended; read go")
	in, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	const enough = 50 * time.Millisecond
	used := time.Duration(0)
	for used < enough {
		if used, err = familyTime(parent.Process.Pid); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(in, "\n"); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(out).ReadString('\n'); err != nil || said != "ended\n" {
		t.Fatal(said, err)
	}
	if after, err := familyTime(parent.Process.Pid); err != nil || after < used {
		t.Errorf("%v while it ran, %v when it had ended: %v", used, after, err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // read fails at the end of its input
	if _, err := familyTime(parent.Process.Pid); err == nil {
		t.Error("of a process that has ended nothing is known")
	}
}
