package road

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/hot"
	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/store"
	"cpagateway/gateway/store/memory"
)

// number is what no log line and no metric may hold.
const number = "9990000018"

// slowStore answers an update after a while, or not before it is let go.
type slowStore struct {
	*memory.Store
	takes  time.Duration
	silent chan struct{}
}

func (s *slowStore) Update(ctx context.Context, change func(store.Tx) error) error {
	if s.silent != nil {
		<-s.silent
	}
	time.Sleep(s.takes)
	return s.Store.Update(ctx, change)
}

// faultyState breaks the rates.
type faultyState struct {
	hot.State
	allow func(ctx context.Context) error
}

func (s faultyState) Allow(ctx context.Context, client consent.ClientID, rate hot.Rate) (hot.Verdict, error) {
	if err := s.allow(ctx); err != nil {
		return hot.Verdict{Allowed: true}, err
	}
	return s.State.Allow(ctx, client, rate)
}

// bench is a road without callers: what is recorded, and what is logged.
type bench struct {
	*Road
	t     *testing.T
	store *slowStore
	lines bytes.Buffer
}

// onBench has a road tested in time that passes only where everybody waits.
func onBench(t *testing.T, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, store: &slowStore{Store: memory.New()}}
		keys, err := audit.FolderKeys(t.TempDir())
		noError(t, err)
		log, err := audit.Open[store.Tx](t.Context(), b.store, keys, nil, time.Now)
		noError(t, err)
		shared := local.New(time.Now)
		b.Road = &Road{
			Audit: log, Shared: shared, Capacity: NewCapacity(1, 0), Sealer: sealer(t, 1), Base: "https://here/fhir", DutyLine: "01632 960000",
			Clock: time.Now, Log: slog.New(slog.NewJSONHandler(&b.lines, nil)),
		}
		test(b)
		noError(t, log.Close())
		noError(t, shared.Close())
	})
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logged are the lines logged since it was last asked, without their time.
func (b *bench) logged() (lines []map[string]any) {
	b.t.Helper()
	for text := range strings.Lines(b.lines.String()) {
		var line map[string]any
		noError(b.t, json.Unmarshal([]byte(text), &line))
		delete(line, "time")
		lines = append(lines, line)
	}
	b.lines.Reset()
	return lines
}

// row is an entry of the audit log as far as these tests look at it.
type row struct {
	RequestID, Interaction, Type, Outcome, Code, Client string
	Status                                              int
	Params                                              []string
}

func (b *bench) rows() (rows []row) {
	b.t.Helper()
	noError(b.t, b.store.View(b.t.Context(), func(now store.Snapshot) error {
		slots, err := now.Slots()
		for _, slot := range slots {
			chain, err := now.Chain(slot.Number, 1, 1<<20)
			noError(b.t, err)
			for _, r := range chain {
				var e row
				noError(b.t, json.Unmarshal(r.Body, &e))
				if e.RequestID != "" {
					rows = append(rows, e)
				}
			}
		}
		return err
	}))
	return rows
}

func request(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/fhir/CarePlan", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// public answers a public document, with a store that works.
func (b *bench) public(ask Ask, headers ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServePublic(w, request(headers...), ask, []byte(`{"a":1}`), "application/json")
	return w
}

var metadata = Ask{Interaction: Public, Type: "metadata"}

// aborted is what a call panics with, if it does.
func aborted(call func()) (fault any) {
	defer func() { fault = recover() }()
	call()
	return nil
}

// Whoever does not answer is not waited for without end. Where a record had to wait for too
// long, 500 was answered: nothing was wrong, and asked again a moment later it is answered.
func TestNobodyIsWaitedForWithoutEnd(t *testing.T) {
	x := func(b *bench) *exchange {
		return &exchange{ask: Ask{Interaction: Read, Type: "Goal"}, at: b.Clock(), id: "i"}
	}
	for name, c := range map[string]struct {
		away string
		call func(b *bench)
		want time.Duration
	}{
		"a refusal that is not recorded": {"store", func(b *bench) {
			if recorded, p := b.refuse(b.t.Context(), x(b), Nothing); recorded.OK() || p.status != http.StatusServiceUnavailable {
				b.t.Errorf("%v, %+v", recorded.OK(), p)
			}
		}, 5 * time.Second},
		"a document whose request is not recorded": {"store", func(b *bench) {
			if w := b.public(metadata); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), `"a":1`) {
				b.t.Errorf("answered %d %s", w.Code, w.Body)
			}
		}, 60 * time.Second},
		"a request that could not be read, and is not recorded": {"store", func(b *bench) { b.Unread(b.t.Context()) }, 5 * time.Second},
		"a request that could not be read, without a rate":      {"rates", func(b *bench) { b.Unread(b.t.Context()) }, 5 * time.Second},
		"a document without a rate": {"rates", func(b *bench) {
			if fault := aborted(func() { b.public(metadata) }); fault != http.ErrAbortHandler {
				b.t.Errorf("not dropped: %v", fault)
			}
		}, 60 * time.Second},
		"a caller nobody knows, without a rate": {"rates", func(b *bench) {
			if fault := aborted(func() { b.Serve(httptest.NewRecorder(), request(), Ask{Interaction: Read, Type: "Goal"}) }); fault != http.ErrAbortHandler {
				b.t.Errorf("not dropped: %v", fault)
			}
		}, 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				if c.away == "store" {
					b.store.silent = make(chan struct{})
					defer close(b.store.silent)
				} else {
					b.Shared = faultyState{b.Shared, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
				}
				since := time.Now()
				c.call(b)
				if took := time.Since(since); took != c.want {
					b.t.Errorf("it was waited for %s, want %s", took, c.want)
				}
			})
		})
	}
}

// Those without a credential have 400 requests at once and 200 a second between them;
// what is over that, or has no rate, is not recorded, and not answered.
func TestTheRateOfThoseWithoutACredential(t *testing.T) {
	onBench(t, func(b *bench) {
		for _, burst := range []int{400, 200} {
			before := len(b.rows())
			for i := range burst {
				if i%2 == 0 {
					b.Unread(b.t.Context())
				} else if w := b.public(metadata); w.Code != http.StatusOK {
					t.Fatalf("%d of %d: answered %d", i, burst, w.Code)
				}
			}
			if n := len(b.rows()) - before; n != burst {
				t.Fatalf("%d of %d are on record", n, burst)
			}
			b.Unread(b.t.Context())
			if fault := aborted(func() { b.public(metadata) }); fault != http.ErrAbortHandler {
				t.Errorf("not dropped: %v", fault)
			}
			if n := len(b.rows()) - before; n != burst {
				t.Errorf("%d are on record of %d allowed", n, burst)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestWithoutARateNothingIsRecorded(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Shared = faultyState{b.Shared, func(context.Context) error { return errors.New("away") }}
		b.Unread(b.t.Context())
		if fault := aborted(func() { b.public(metadata) }); fault != http.ErrAbortHandler {
			t.Errorf("not dropped: %v", fault)
		}
		if rows := b.rows(); len(rows) != 0 {
			t.Errorf("on record: %+v", rows)
		}
	})
}

// A refusal is recorded although its caller has gone, and logged where it is ours.
func TestARefusalIsRecordedAndLogged(t *testing.T) {
	for name, c := range map[string]struct {
		cause   error
		status  int
		code    string
		outcome string
	}{
		"nothing":       {Nothing, 404, "REQUEST_REFUSED", outcomeRefused},
		"busy":          {faultBusy, 503, "REQUEST_REFUSED", outcomeFailed},
		"a fault":       {errors.New(number), 500, "FAILED", outcomeFailed},
		"a 500 exactly": {Broken, 500, "REQUEST_REFUSED", outcomeFailed},
		"too late":      {context.DeadlineExceeded, 504, "TIMED_OUT", outcomeFailed},
		"gone":          {context.Canceled, 504, "CALLER_GONE", outcomeFailed},
		"over the rate": {&throttled{}, 429, "RATE_LIMITED", outcomeRefused},
	} {
		onBench(t, func(b *bench) {
			gone, leave := context.WithCancel(b.t.Context())
			leave()
			x := &exchange{ask: Ask{Interaction: Search, Type: "Goal", Search: SearchAsk{Names: []string{"_count"}}}, at: b.Clock(), id: "i", caller: consent.Caller{Client: "c"}}
			recorded, p := b.refuse(gone, x, c.cause)
			if !recorded.OK() || p.status != c.status || x.outcome != c.outcome || x.cause != c.code {
				t.Errorf("%s: %v %d %s %s", name, recorded.OK(), p.status, x.outcome, x.cause)
			}
			w := httptest.NewRecorder()
			b.answer(w, x, recorded, p, func(int) {})
			if retry := w.Header().Get("Retry-After"); w.Code != c.status || (retry == "1") != (c.status == http.StatusTooManyRequests) {
				t.Errorf("%s: answered %d, again after %q", name, w.Code, retry)
			}
			equal(t, name, b.rows(), []row{{RequestID: "i", Interaction: "search-type", Type: "Goal", Outcome: "refused", Code: c.code, Client: "c", Status: c.status, Params: []string{"_count"}}})
			var want []map[string]any
			if c.outcome == outcomeFailed {
				want = []map[string]any{{"level": "ERROR", "msg": "request failed", "request": "i", "interaction": "search-type", "type": "Goal", "cause": c.code}}
			}
			equal(t, name, b.logged(), want)
		})
	}
}

// What cannot be recorded is logged, with why, and nothing of it is answered: of a full disk
// nothing was said but that the audit log is not available.
func TestAnAuditLogThatIsAwayIsLogged(t *testing.T) {
	onBench(t, func(b *bench) {
		noError(t, b.Audit.Close())
		x := &exchange{id: "i"}
		if recorded, p := b.refuse(b.t.Context(), x, Nothing); recorded.OK() || p.status != 0 || p.fault != nil || x.outcome != outcomeFailed {
			t.Errorf("%v %+v %s", recorded.OK(), p, x.outcome)
		}
		equal(t, "refused", b.logged(), []map[string]any{{"level": "ERROR", "msg": "the audit log is not available", "request": "i", "cause": "the audit log is closed"}})
		w := b.public(metadata, "X-Request-Id", "11111111-2222-4333-8444-555555555555")
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"code":"exception"`) {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		lines := b.logged()
		equal(t, "public", lines[:1], []map[string]any{{"level": "ERROR", "msg": "the audit log is not available", "request": "11111111-2222-4333-8444-555555555555", "cause": "the audit log is closed"}})
		if len(lines) != 2 || lines[1]["status"] != 500.0 {
			t.Errorf("logged %v", lines)
		}
	})
}

// What panicked is recorded and answered as a fault of ours, and nothing of what it
// held is told: not to the caller, nor in the log.
func TestAPanicIsRecordedAndTellsNothing(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Shared = faultyState{b.Shared, func(context.Context) error { panic("the plan of " + number) }}
		w := httptest.NewRecorder()
		b.Serve(w, request("X-Request-Id", "11111111-2222-4333-8444-555555555555"), Ask{Interaction: Read, Type: "Goal"})
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), number) {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		equal(t, "the record", b.rows(), []row{{RequestID: "11111111-2222-4333-8444-555555555555", Interaction: "read", Type: "Goal", Outcome: "refused", Code: "FAILED", Status: 500}})
		if strings.Contains(b.lines.String(), number) {
			t.Error("the log holds what panicked")
		}
		line := b.logged()[0]
		stack, _ := line["stack"].(string)
		delete(line, "stack")
		equal(t, "the log", line, map[string]any{"level": "ERROR", "msg": "a request panicked", "request": "11111111-2222-4333-8444-555555555555"})
		if !strings.Contains(stack, "faultyState") {
			t.Errorf("the log does not say where: %s", stack)
		}
	})
}

// Without a credential a request is answered with a challenge, and recorded.
func TestACallerNobodyKnowsIsAnswered(t *testing.T) {
	onBench(t, func(b *bench) {
		w := httptest.NewRecorder()
		b.Serve(w, request("Accept-Language", "cy"), Ask{Interaction: Search, Type: "Goal", Fault: Nothing})
		if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Content-Language") != "cy" || w.Header().Get("Retry-After") != "" {
			t.Errorf("answered %d %v", w.Code, w.Header())
		}
		if rows := b.rows(); len(rows) != 1 || rows[0].Status != http.StatusUnauthorized || rows[0].Outcome != "refused" {
			t.Errorf("on record: %+v", rows)
		}
	})
}

func TestAPublicDocumentIsRecordedAndGiven(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	onBench(t, func(b *bench) {
		b.store.takes = 2 * time.Second
		w := b.public(metadata, "X-Request-Id", id)
		equal(t, "the answer", []any{w.Code, w.Body.String()}, []any{200, `{"a":1}`})
		equal(t, "the head", w.Header(), http.Header{
			"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "Vary": {"Authorization, Accept, Accept-Language"},
			"X-Content-Type-Options": {"nosniff"}, "X-Request-Id": {id}, "Content-Language": {"en"}, "Content-Length": {"7"},
		})
		equal(t, "the log", b.logged(), []map[string]any{{
			"level": "INFO", "msg": "request", "request": id, "interaction": "public", "type": "metadata", "client": "", "status": 200.0, "cause": "", "took": 2e9,
		}})
		ask := metadata
		ask.Form.Pretty = true
		if w := b.public(ask); w.Body.String() != "{\n  \"a\": 1\n}" {
			t.Errorf("indented: %s", w.Body)
		}
		ask.Fault = Refuse(http.StatusNotAcceptable, "not-supported", BadRequest.Text)
		w = b.public(ask, "X-Request-Id", id)
		if w.Code != http.StatusNotAcceptable || w.Header().Get("Content-Type") != fhirJSON || !strings.Contains(w.Body.String(), `"not-supported"`) {
			t.Errorf("refused: %d %s", w.Code, w.Body)
		}
		rows := b.rows()
		equal(t, "the record", rows[len(rows)-1], row{RequestID: id, Interaction: "public", Type: "metadata", Outcome: "public", Status: 406})
		if lines := b.logged(); lines[len(lines)-1]["cause"] != "REQUEST_REFUSED" {
			t.Errorf("the log: %v", lines)
		}
	})
	if got := indented([]byte("no JSON")); string(got) != "no JSON" {
		t.Errorf("what is no JSON became %q", got)
	}
}

// What comes of a request that could not be read is on record, and in the log.
func TestAnUnreadRequestIsRecorded(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Unread(b.t.Context())
		rows, lines := b.rows(), b.logged()
		if len(rows) != 1 || len(lines) != 1 || !uuidForm.MatchString(rows[0].RequestID) {
			t.Fatalf("on record %+v, logged %v", rows, lines)
		}
		equal(t, "the log", lines[0], map[string]any{
			"level": "INFO", "msg": "request", "request": rows[0].RequestID, "interaction": "none", "type": "", "client": "", "status": 400.0, "cause": "REQUEST_REFUSED", "took": 0.0,
		})
		rows[0].RequestID = ""
		equal(t, "the record", rows[0], row{Interaction: "none", Outcome: "refused", Code: "REQUEST_REFUSED", Status: 400})
	})
}

// An empty searchset has its links, and a total only where one is asked for.
func TestAnEmptySearchset(t *testing.T) {
	onBench(t, func(b *bench) {
		recorded, err := b.Audit.Public(b.t.Context(), audit.Event{At: b.Clock(), RequestID: "i", Interaction: "search-type"})
		noError(t, err)
		const self, crisis = `{"relation":"self","url":"https://here/fhir/Goal"}`, `,"entry":[{"fullUrl":"urn:uuid:2d0f5a4e-6c1b-4b57-9a3e-8f5d1c7e4b60","resource":`
		for want, p := range map[string]reply{
			`"link":[` + self + `]}`:                     {total: 7},
			`"total":0,"link":[` + self + `]}`:           {search: SearchAsk{Total: Accurate}},
			`"total":7,"link":[` + self + `]}`:           {total: 7, search: SearchAsk{Total: Accurate}},
			`"link":[` + self[:len(self)-2] + `?a=b"}]}`: {search: SearchAsk{Shown: "a=b"}},
			`"link":[` + self + `,{"relation":"next","url":"https://here/fhir/Goal?_cursor=xyz"}]}`:                                               {next: "xyz"},
			`"link":[` + self + `]` + crisis + string(b.crisisOutcome(&exchange{language: language.English})) + `,"search":{"mode":"outcome"}}]}`: {search: SearchAsk{Crisis: CrisisRead}},
		} {
			w := httptest.NewRecorder()
			p.status = http.StatusOK
			b.answer(w, &exchange{ask: Ask{Interaction: Search, Type: "Goal"}, language: language.English}, recorded, p, func(int) {})
			if got := w.Body.String(); got != `{"resourceType":"Bundle","type":"searchset",`+want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	})
}

// spent is shared state by which every client is over its rate.
type spent struct{ hot.State }

func (spent) Allow(context.Context, consent.ClientID, hot.Rate) (hot.Verdict, error) {
	return hot.Verdict{RetryAfter: 90 * time.Second}, nil
}

// Whoever is over the rate is told when to come again.
func TestWhoIsOverTheRateIsToldForHowLong(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Shared, b.Identity = spent{b.Shared}, &identity.Verifier{}
		_, err := b.admit(b.t.Context(), &exchange{caller: consent.Caller{Client: "c"}})
		if p, code := explainFault(err); p.retryAfter != 91 || code != "RATE_LIMITED" {
			t.Errorf("%+v, %s", p, code)
		}
	})
}
