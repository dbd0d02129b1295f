package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"cpagateway/gateway"
	"cpagateway/gateway/benchdata"
	"cpagateway/profiles"
)

const search = gateway.Prefix + "/CarePlan/_search"

// call is a request of a caller.
type call struct {
	by           caller
	token        string // another than the caller goes on using
	method, path string
	body         []byte
	contentType  string
	match        string // If-Match
}

// answer is what came of a call.
type answer struct {
	status int
	tag    string
	body   []byte
	took   time.Duration
}

// send sends a call and reads its answer; a status other than 200 and 201 is an error.
func (s *server) send(c call) (a answer, err error) {
	if c.token == "" && c.by != (caller{}) {
		if c.token, err = s.tokens.of(c.by); err != nil {
			return a, err
		}
	}
	request, err := http.NewRequest(c.method, s.base+c.path, bytes.NewReader(c.body))
	if err != nil {
		return a, err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.contentType != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	if c.match != "" {
		request.Header.Set("If-Match", c.match)
	}
	began := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a = answer{status: response.StatusCode, tag: response.Header.Get("ETag")}
	a.body, err = io.ReadAll(response.Body)
	a.took = time.Since(began)
	if err == nil && a.status != http.StatusOK && a.status != http.StatusCreated {
		err = fmt.Errorf("%s %s: %s: %.300s", c.method, c.path, response.Status, a.body)
	}
	return a, err
}

// get reads what is at a path below the FHIR base.
func (s *server) get(by caller, path string) (answer, error) {
	return s.send(call{by: by, method: http.MethodGet, path: gateway.Prefix + path})
}

// question is one search for the plans of a person.
type question struct {
	call
	nothing bool // the answer must be an empty one, and otherwise hold a plan
}

// crisisPlan asks for somebody's crisis plan.
func crisisPlan(by caller, number int) question { return plans(by, number, profiles.CodeCrisisPlan) }

// plans asks for somebody's plans, of some categories or of all.
func plans(by caller, number int, categories ...string) question {
	form := url.Values{"patient.identifier": {profiles.SystemNHSNumber + "|" + benchdata.NHSNumber(number)}}
	if len(categories) > 0 {
		form["category"] = categories
	}
	return question{call: call{by: by, method: http.MethodPost, path: search, body: []byte(form.Encode()), contentType: "application/x-www-form-urlencoded"}}
}

// ofNobody is a question that is answered with nothing.
func (q question) ofNobody() question {
	q.nothing = true
	return q
}

// ask puts a question, and makes sure that the answer is one.
func (s *server) ask(q question) (time.Duration, error) {
	a, err := s.send(q.call)
	if err == nil && q.nothing == bytes.Contains(a.body, []byte(`"CarePlan"`)) {
		err = fmt.Errorf("answered otherwise than it should: %.300s", a.body)
	}
	return a.took, err
}

// crisisReads asks for the crisis plans of people in turn.
func crisisReads(people []int) func(i int) question {
	return func(i int) question { return crisisPlan(crisisTeam, people[i%len(people)]) }
}

// run is what came of a load.
type run struct {
	took    []float64 // of each request, in ms
	elapsed time.Duration
	used    time.Duration // processor time of the server
	failed  int
	err     error // of the last that failed
}

// load puts questions from so many connections at once, each as soon as the one before
// it was answered.
func (s *server) load(connections, requests int, ask func(i int) question) (run, error) {
	before, err := s.used()
	if err != nil {
		return run{}, err
	}
	r := run{took: make([]float64, requests)}
	var failed sync.Mutex
	began := time.Now()
	_ = atOnce(connections, requests, func(i int) error { // which never fails
		took, err := s.ask(ask(i))
		r.took[i] = milliseconds(took)
		if err != nil {
			failed.Lock()
			defer failed.Unlock()
			r.failed, r.err = r.failed+1, err
		}
		return nil
	})
	r.elapsed = time.Since(began)
	after, err := s.used()
	r.used = after - before
	return r, err
}

// atOnce does so many things, in their order and at the most some at once. Whoever fails does
// no more.
func atOnce(most, number int, do func(i int) error) error {
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make([]error, most)
	for n := range most {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < number && failed[n] == nil; i = int(next.Add(1)) - 1 {
				failed[n] = do(i)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// steady is load of which nothing may fail.
func (s *server) steady(connections, requests int, ask func(i int) question) (run, error) {
	r, err := s.load(connections, requests, ask)
	if err == nil && r.failed > 0 {
		err = fmt.Errorf("%d of %d requests failed: %w", r.failed, requests, r.err)
	}
	return r, err
}

// warmUp asks servers for people until they have what they keep in memory.
func (b *bench) warmUp(people []int, all ...*server) error {
	for _, s := range all {
		if _, err := s.steady(mostConnections, max(b.requests/2, len(people)), crisisReads(people)); err != nil {
			return err
		}
	}
	return nil
}

// perRequest is the processor time of the server for each request, in µs.
func (r run) perRequest() float64 {
	return float64(r.used.Nanoseconds()) / 1000 / float64(len(r.took))
}

// rate is requests a second.
func (r run) rate() float64 { return float64(len(r.took)) / r.elapsed.Seconds() }

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
