package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	nhsNumber = "https://fhir.nhs.uk/Id/nhs-number"
	carePlan  = "718347000" // SNOMED CT: mental health care plan
	maxPause  = time.Minute
	maxAnswer = 16 << 20
)

// What stops a round.
var (
	errNotGiven   = errors.New("the gateway gives no plan (or no longer)")
	errNotReached = errors.New("the gateway could not be reached")
)

// gateway is the other side, and how patient to be with it.
type gateway struct {
	base, token     string
	pause, patience time.Duration
	say             func(text string) // told when it has to be waited for
}

// request is what is asked of the gateway.
type request struct {
	method, path string
	kind, tag    string // Content-Type of the body, and the version that is edited
	body         []byte
}

// answer is one response, read whole.
type answer struct {
	status int
	tag    string
	body   []byte
}

// find is the id of the person's plan. Several would need a person to choose. The NHS
// number goes in the body: what stands in an address is logged on the way.
func (g gateway) find(ctx context.Context, person string) (string, error) {
	query := url.Values{"patient.identifier": {nhsNumber + "|" + person}, "category": {carePlan}, "status": {"active"}}
	a, err := g.do(ctx, request{method: http.MethodPost, path: "/CarePlan/_search", kind: "application/x-www-form-urlencoded", body: []byte(query.Encode())})
	if err != nil {
		return "", err
	}
	var found struct {
		Entry []struct {
			Resource struct{ ResourceType, ID string }
		}
	}
	if err := json.Unmarshal(a.body, &found); err != nil || a.status != http.StatusOK {
		return "", a.unexpected()
	}
	var ids []string
	for _, e := range found.Entry {
		if e.Resource.ResourceType == "CarePlan" {
			ids = append(ids, e.Resource.ID)
		}
	}
	switch len(ids) {
	case 0:
		return "", errNotGiven
	case 1:
		return ids[0], nil
	}
	return "", fmt.Errorf("%d plans are active, and a person must choose", len(ids))
}

func (g gateway) read(ctx context.Context, id string) (answer, error) {
	return g.settled(g.do(ctx, request{method: http.MethodGet, path: "/CarePlan/" + id}))
}

// write sends a plan as an edit of the version that the tag names. The same edit sent
// again makes nothing twice, so that it may be tried again after any failure.
func (g gateway) write(ctx context.Context, id, tag string, plan []byte) (answer, error) {
	return g.settled(g.do(ctx, request{method: http.MethodPut, path: "/CarePlan/" + id, kind: "application/fhir+json", tag: tag, body: plan}))
}

// settled turns what no retry changes, and what concerns no part by itself, into an error.
func (g gateway) settled(a answer, err error) (answer, error) {
	switch {
	case err != nil:
		return a, err
	case a.status == http.StatusNotFound:
		return a, errNotGiven
	case a.status == http.StatusOK, a.status == http.StatusPreconditionFailed, a.refuses():
		return a, nil
	}
	return a, a.unexpected()
}

// do makes a request until it is answered, with growing pauses, or longer ones where the
// gateway asks for them.
func (g gateway) do(ctx context.Context, ask request) (answer, error) {
	var waited time.Duration
	for attempt := 0; ; attempt++ {
		a, after, err := g.once(ctx, ask)
		if err == nil && !passing(a.status) {
			return a, nil
		}
		pause := g.pauseBefore(attempt, after)
		if waited += pause; waited > g.patience {
			return a, fmt.Errorf("%w: %s", errNotReached, cause(a, err))
		}
		if attempt == 0 {
			g.say(fmt.Sprintf("%s; trying again for up to %s", cause(a, err), g.patience))
		}
		select {
		case <-ctx.Done():
			return a, fmt.Errorf("%w: stopped", errNotReached)
		case <-time.After(pause):
		}
	}
}

// passing reports an answer that says nothing of the request, and goes away. 401 is one: a
// token that ran out is renewed by whoever writes the file.
func passing(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

func (g gateway) pauseBefore(attempt int, after string) time.Duration {
	pause := min(g.pause<<min(attempt, 20), maxPause)
	if seconds, err := strconv.Atoi(after); err == nil {
		pause = max(pause, time.Duration(seconds)*time.Second)
	}
	return pause
}

func cause(a answer, err error) string {
	if err != nil {
		return err.Error()
	}
	return a.unexpected().Error()
}

func (g gateway) once(ctx context.Context, ask request) (a answer, after string, err error) {
	token, err := os.ReadFile(g.token)
	if err != nil {
		return a, "", err
	}
	asks, err := http.NewRequestWithContext(ctx, ask.method, g.base+ask.path, bytes.NewReader(ask.body))
	if err != nil {
		return a, "", err
	}
	asks.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	asks.Header.Set("Accept", "application/fhir+json")
	if ask.kind != "" {
		asks.Header.Set("Content-Type", ask.kind)
	}
	if ask.tag != "" {
		asks.Header.Set("If-Match", ask.tag)
		asks.Header.Set("Prefer", "merge, return=representation")
	}
	response, err := http.DefaultClient.Do(asks)
	if err != nil {
		return a, "", err
	}
	defer response.Body.Close()
	a = answer{status: response.StatusCode, tag: response.Header.Get("ETag")}
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return a, response.Header.Get("Retry-After"), err
}

// refuses reports that the gateway does not take what was sent, whenever it is sent.
func (a answer) refuses() bool {
	return a.status == http.StatusBadRequest || a.status == http.StatusRequestEntityTooLarge || a.status == http.StatusUnprocessableEntity
}

// says is what an OperationOutcome tells a person.
func (a answer) says() string {
	var outcome struct {
		Issue []struct {
			Code    string
			Details struct{ Text string }
		}
	}
	if err := json.Unmarshal(a.body, &outcome); err != nil || len(outcome.Issue) == 0 {
		return strconv.Itoa(a.status)
	}
	return outcome.Issue[0].Code + ": " + outcome.Issue[0].Details.Text
}

func (a answer) unexpected() error { return fmt.Errorf("answered %d: %s", a.status, a.says()) }
