package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cpagateway/gateway"
	"cpagateway/gateway/benchdata"
	"cpagateway/profiles"
)

const (
	prefix = gateway.Prefix
	search = "/CarePlan/_search"
)

// question is one search for the plans of a person.
type question struct {
	token, form string
	nothing     bool // the answer must be an empty one, and otherwise hold a plan
}

// crisisPlan asks for somebody's crisis plan.
func crisisPlan(token string, number int) question {
	return question{token: token, form: url.Values{"patient.identifier": {nhsNumber(number)}, "category": {profiles.CodeCrisisPlan}}.Encode()}
}

// anyPlan asks for all plans of somebody.
func anyPlan(token string, number int) question {
	return question{token: token, form: url.Values{"patient.identifier": {nhsNumber(number)}}.Encode()}
}

// ofNobody is a question that is answered with nothing.
func (q question) ofNobody() question {
	q.nothing = true
	return q
}

func nhsNumber(number int) string {
	return profiles.SystemNHSNumber + "|" + benchdata.NHSNumber(number)
}

// ask puts a question, and makes sure that the answer is one.
func (s *server) ask(q question) (took time.Duration, err error) {
	request, err := http.NewRequest(http.MethodPost, s.base+search, strings.NewReader(q.form))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "Bearer "+q.token)
	began := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	took = time.Since(began)
	switch {
	case err != nil:
		return took, err
	case response.StatusCode != http.StatusOK:
		return took, fmt.Errorf("answered %s: %.300s", response.Status, body)
	case q.nothing == bytes.Contains(body, []byte(`"CarePlan"`)):
		return took, fmt.Errorf("answered otherwise than it should: %.300s", body)
	}
	return took, nil
}

// run is what came of a load.
type run struct {
	took    []float64 // of each request, in ms
	elapsed time.Duration
	used    time.Duration // processor time of the server
	failed  int
	err     error // of the first that failed
}

// load puts questions from so many connections at once, each as soon as the one before
// it was answered.
func (s *server) load(connections, requests int, ask func(i int) question) (run, error) {
	before, err := s.processorTime()
	if err != nil {
		return run{}, err
	}
	r := run{took: make([]float64, requests)}
	var next atomic.Int64
	var failed sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for range connections {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < requests; i = int(next.Add(1)) - 1 {
				took, err := s.ask(ask(i))
				r.took[i] = milliseconds(took)
				if err != nil {
					failed.Lock()
					r.failed++
					r.err = err
					failed.Unlock()
				}
			}
		})
	}
	all.Wait()
	r.elapsed = time.Since(began)
	after, err := s.processorTime()
	r.used = after - before
	return r, err
}

// steady is load of which nothing may fail.
func (s *server) steady(connections, requests int, ask func(i int) question) (run, error) {
	r, err := s.load(connections, requests, ask)
	if err == nil && r.failed > 0 {
		err = fmt.Errorf("%d of %d requests failed: %w", r.failed, requests, r.err)
	}
	return r, err
}

// perRequest is the processor time of the server for each request, in µs.
func (r run) perRequest() float64 {
	return float64(r.used.Nanoseconds()) / 1000 / float64(len(r.took))
}

// rate is requests a second.
func (r run) rate() float64 { return float64(len(r.took)) / r.elapsed.Seconds() }

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
