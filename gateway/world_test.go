package gateway_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/cache"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/hot/local"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/intake"
	"cpagateway/gateway/register"
	"cpagateway/gateway/road"
	"cpagateway/gateway/store"
	"cpagateway/mapping/ctp"
	"cpagateway/profiles"
)

// The scopes of the cast are no part of what is tested here: decisions have to refuse
// what the widest token asks.
func init() {
	for i := range demo.Callers {
		demo.Callers[i].Scope = "system/*.cruds"
	}
	demo.Callers = append(demo.Callers, demo.Caller{
		Name: "keeper", Says: "the health board's own records system", Client: "demo-keeper", Organisation: "7A4", Team: "cmht-north",
		Purposes: []profiles.Purpose{profiles.Treatment}, Scope: "system/*.cruds",
	}, demo.Caller{
		Name: "other-glass", Says: "another nurse", Client: "demo-other-glass", Organisation: "7A4", Team: "crht",
		Purposes: []profiles.Purpose{profiles.BreakGlass}, Person: "demo-nurse-2", Role: "nurse", Scope: "system/*.cruds",
	}, demo.Caller{
		Name: "council-keeper", Says: "the council's own records system", Client: "demo-council-keeper", Organisation: "LA9A1", Team: "adult-mh",
		Purposes: []profiles.Purpose{profiles.CareCoordination}, Scope: "system/*.cruds",
	})
}

const (
	ann    = "9990000018"
	bryn   = "9990000026"
	elin   = "9990000050"
	nobody = "9990000093"

	// tick is how far each look moves the clock: faster than the rates of the clients.
	tick = 25 * time.Millisecond
)

// watch is a clock that a test moves; every look at it moves it a little, so
// that the clients' rates refill, until the test holds it still.
type watch struct {
	mu   sync.Mutex
	now  time.Time
	tick time.Duration
}

func (w *watch) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(w.tick)
	return w.now
}

func (w *watch) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// still stops the clock: nobody's rate refills.
func (w *watch) still() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick = 0
}

// stand is a whole gateway on the memory store: the demo's issuer and cast, a
// real audit log, and faults that a test can put between them.
type stand struct {
	t      *testing.T
	clock  *watch
	store  store.Store
	reader *brittleStore
	writes *brittleUpdates
	log    *audit.Log[store.Tx]
	keys   audit.Keys
	secret []byte
	home   *agreements.Register
	server *httptest.Server
	dir    string
	tokens map[string]token
	areas  map[string]string // of Ann's plan, as changeArea sent them last
	closed bool              // she has taken sharing back, as share said last
	rate   identity.Rate     // of every client; zero: that of the demo

	road   *road.Road
	memory *cache.Cache
	use    memoryUse
	chance *rand.Rand // one request of three empties the memory that loses things
	asked  sync.Mutex // guards chance
}

// memoryUse is what becomes of what is kept in memory.
type memoryUse string

// The ways to use it.
const (
	losing   memoryUse = "memory emptied at random"
	keeping  memoryUse = "memory on"
	noMemory memoryUse = "memory off"
)

var memoryUses = []memoryUse{keeping, noMemory, losing}

// inEveryMemory runs a test with memory on, off, and emptied at random.
func inEveryMemory(t *testing.T, test func(t *testing.T, s *stand)) {
	for _, use := range memoryUses {
		t.Run(string(use), func(t *testing.T) { test(t, openStandUsing(t, use)) })
	}
}

// forget empties a memory that loses things, now and then.
func (s *stand) forget() {
	s.asked.Lock()
	defer s.asked.Unlock()
	if s.use == losing && s.chance.IntN(3) == 0 {
		s.memory.Clear()
	}
}

type token struct {
	text string
	made time.Time
}

func openStand(t *testing.T) *stand {
	t.Helper()
	return openStandUsing(t, losing)
}

func openStandUsing(t *testing.T, use memoryUse) *stand {
	t.Helper()
	return openStandAt(t, use, tick)
}

// openStandAt opens a stand whose clock moves by so much with each look at it.
func openStandAt(t *testing.T, use memoryUse, tick time.Duration) *stand {
	t.Helper()
	seed := sha256.Sum256([]byte(t.Name())) // the same chances whenever the test is run
	var err error
	s := &stand{
		t: t, clock: &watch{now: time.Date(2026, 7, 31, 9, 0, 0, 0, time.UTC), tick: tick}, store: newStore(t),
		secret: []byte(strings.Repeat("s", 32)), dir: t.TempDir(), tokens: map[string]token{},
		use: use, chance: rand.New(rand.NewChaCha8(seed)), //nolint:gosec // no secret comes of it
	}
	s.reader, s.writes = &brittleStore{Viewer: s.store}, &brittleUpdates{store: s.store}
	s.keys, err = audit.FolderKeys(s.dir)
	must(t, err)
	s.log, err = audit.Open(context.Background(), s.writes, s.keys, nil, s.clock.Now)
	must(t, err)
	t.Cleanup(func() { s.log.Close() })
	s.home, err = agreements.Load(demo.Agreements())
	must(t, err)
	for _, extract := range demo.Extracts(s.clock.Now()) {
		if sum := s.bringIn(extract.Files); sum.Stored == 0 || sum.Quarantined != 0 {
			t.Fatalf("the cast did not come in: %+v", sum)
		}
	}
	s.open()
	return s
}

// open starts the front and the issuer on one loopback listener.
func (s *stand) open() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(s.t, err)
	shared := local.New(s.clock.Now)
	issuer, err := demo.New(l.Addr().String(), s.dir, shared, s.clock.Now)
	must(s.t, err)
	register := issuer.Identity()
	for i := range register.Clients {
		if strings.HasSuffix(string(register.Clients[i].ID), "-keeper") {
			register.Clients[i].Custody = consent.On
		}
		register.Clients[i].Rate = cmp.Or(s.rate, register.Clients[i].Rate)
	}
	verifier, err := identity.New(s.t.Context(), register, shared, s.clock.Now)
	must(s.t, err)
	sealer, err := road.NewSealer(s.secret)
	must(s.t, err)
	s.memory = cache.New(s.reader, map[memoryUse]uint64{keeping: 1 << 20, losing: 1 << 20}[s.use])
	s.road = &road.Road{
		Identity: verifier, Records: s.memory, Audit: s.log, Policy: consent.DefaultPolicy(), Shared: shared,
		Register: cache.NewRegister(s.reader, s.home), Pseudonym: intake.Pseudonym(s.secret), Home: "7A4", Base: "http://" + l.Addr().String() + gateway.Prefix,
		DutyLine: demo.DutyLine, Sealer: sealer, Capacity: road.NewCapacity(8, 2), Clock: s.clock.Now,
		Log: slog.New(slog.DiscardHandler),
	}
	front := &gateway.Front{Road: s.road, Version: "test", Date: "2026-07-31"}
	mux := http.NewServeMux()
	mux.Handle(demo.IssuerPath+"/", issuer)
	handler := front.Handler()
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, demo.IssuerPath) {
			mux.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	s.server.Listener.Close()
	s.server.Listener = l
	s.server.Start()
	s.t.Cleanup(func() { s.server.Close(); shared.Close() })
}

// welshPlans is the reader of Welsh plans, compiled once.
var welshPlans = sync.OnceValues(ctp.New)

// bringIn takes Welsh plans in by the road of every extract.
func (s *stand) bringIn(plans fs.FS) intake.Summary {
	s.t.Helper()
	format, err := welshPlans()
	must(s.t, err)
	sum, err := s.intake().Run(context.Background(), intake.Source{Name: "welsh-ctp", Format: format, Grants: consent.On}, plans)
	must(s.t, err)
	return sum
}

func (s *stand) intake() *intake.Intake {
	return &intake.Intake{Store: s.store, Audit: s.log, Register: s.home, Secret: s.secret, Home: "7A4", Leaflets: consent.DefaultPolicy().PolicyVersions, Clock: s.clock.Now}
}

// putInForce puts agreements in force, through another gateway on the same store.
func (s *stand) putInForce(folder fs.FS) {
	s.t.Helper()
	files, err := agreements.Texts(folder)
	must(s.t, err)
	s.home, err = agreements.LoadTexts(files)
	must(s.t, err)
	must(s.t, s.store.Update(context.Background(), func(tx store.Tx) error {
		_, err := tx.PutRegister(register.Version{At: s.clock.Now(), Hash: s.home.Hash(), Files: files})
		return err
	}))
}

// plan is one plan of the cast as its source system would send it today, edited.
func (s *stand) plan(name string, edit func(plan map[string]any)) fs.FS {
	s.t.Helper()
	var plan map[string]any
	for _, extract := range demo.Extracts(s.clock.Now()) {
		text, err := fs.ReadFile(extract.Files, name)
		must(s.t, err)
		must(s.t, json.Unmarshal(text, &plan))
	}
	edit(plan)
	text, err := json.Marshal(plan)
	must(s.t, err)
	return fstest.MapFS{name: {Data: text}}
}

// withdraw has Ann take her wishes to share back.
func (s *stand) withdraw() {
	s.t.Helper()
	s.bringIn(s.plan("ann.json", func(plan map[string]any) {
		for _, d := range plan["directives"].([]any) {
			d.(map[string]any)["status"] = "withdrawn"
		}
	}))
}

// withdrawElsewhere has her do so through another gateway on the same store.
func (s *stand) withdrawElsewhere() {
	s.t.Helper()
	own := s.log
	var err error
	s.log, err = audit.Open(context.Background(), s.store, s.keys, nil, s.clock.Now)
	must(s.t, err)
	s.withdraw()
	must(s.t, s.log.Close())
	s.log = own
}

func (s *stand) token(as string) string {
	s.t.Helper()
	if kept := s.tokens[as]; kept.text != "" && s.clock.Now().Sub(kept.made) < 3*time.Minute {
		return kept.text
	}
	s.tokens[as] = token{s.newToken(demo.Ask{Name: as}), s.clock.Now()}
	return s.tokens[as].text
}

// newToken asks the demo's issuer for a token, perhaps with another purpose or scope.
func (s *stand) newToken(ask demo.Ask) string {
	s.t.Helper()
	ask.Gateway, ask.Dir, ask.HTTP, ask.Clock = s.server.URL, s.dir, http.DefaultClient, s.clock.Now
	text, err := demo.Token(context.Background(), ask)
	must(s.t, err)
	return text
}

// answer is one response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// version is the one that the ETag names.
func (a answer) version() string {
	return strings.TrimSuffix(strings.TrimPrefix(a.header.Get("ETag"), `W/"`), `"`)
}

// request makes a request as a caller; an empty name sends no token. The form is
// sent for a POST; headers come in pairs.
func (s *stand) request(as, method, path, form string, headers ...string) *http.Request {
	s.t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form)
	}
	request, err := http.NewRequest(method, s.server.URL+path, body)
	must(s.t, err)
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if as != "" {
		request.Header.Set("Authorization", "Bearer "+s.token(as))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return request
}

func (s *stand) do(as, method, path, form string, headers ...string) answer {
	s.t.Helper()
	s.forget()
	response, err := http.DefaultClient.Do(s.request(as, method, path, form, headers...))
	must(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(s.t, err)
	return answer{response.StatusCode, response.Header, string(text)}
}

func (s *stand) get(as, path string, headers ...string) answer {
	s.t.Helper()
	return s.do(as, http.MethodGet, gateway.Prefix+path, "", headers...)
}

// about is the query that names a person by NHS number, with more parameters.
func about(number string, more ...string) string {
	q := url.Values{"patient.identifier": {profiles.SystemNHSNumber + "|" + number}}
	for i := 0; i+1 < len(more); i += 2 {
		q.Add(more[i], more[i+1])
	}
	return q.Encode()
}

// bundleOf is a searchset as far as the tests look at it.
type bundleOf struct {
	ResourceType, Type string
	Link               []struct{ Relation, URL string }
	Entry              []struct {
		FullURL  string
		Resource map[string]any
		Search   struct{ Mode string }
	}
}

func (a answer) bundle(t *testing.T) bundleOf {
	t.Helper()
	var b bundleOf
	if err := json.Unmarshal([]byte(a.body), &b); err != nil || b.ResourceType != "Bundle" || b.Type != "searchset" {
		t.Fatalf("not a searchset (%d): %.300s", a.status, a.body)
	}
	return b
}

func (b bundleOf) link(relation string) string {
	for _, l := range b.Link {
		if l.Relation == relation {
			return l.URL
		}
	}
	return ""
}

// ids are those of the matches, in order.
func (a answer) ids(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, e := range a.bundle(t).Entry {
		if e.Search.Mode == "match" {
			ids = append(ids, e.Resource["id"].(string))
		}
	}
	return ids
}

// text is what an OperationOutcome says; it fails for anything else.
func (a answer) text(t *testing.T) string {
	t.Helper()
	var o struct {
		ResourceType string
		Issue        []struct{ Details struct{ Text string } }
	}
	if err := json.Unmarshal([]byte(a.body), &o); err != nil || o.ResourceType != "OperationOutcome" || len(o.Issue) != 1 {
		t.Fatalf("not an OperationOutcome (%d): %.300s", a.status, a.body)
	}
	return o.Issue[0].Details.Text
}

// entry is a row of the audit log, as far as the tests look at it.
type entry struct {
	Kind, RequestID, Interaction, Type, Outcome, Code, Client string
	Status                                                    int
	Params                                                    []string
	Released                                                  []struct{ Ref string }
	Person                                                    profiles.PersonID
}

// recorded are the entries that a request left.
func (s *stand) recorded(request string) []entry {
	s.t.Helper()
	var found []entry
	for _, body := range s.bodies() {
		var e entry
		must(s.t, json.Unmarshal(body, &e))
		if e.RequestID == request {
			found = append(found, e)
		}
	}
	return found
}

// bodies are the entries of the audit log as they are kept.
func (s *stand) bodies() (list [][]byte) {
	s.t.Helper()
	must(s.t, s.store.View(context.Background(), func(now store.Snapshot) error {
		slots, err := now.Slots()
		for _, slot := range slots {
			rows, err := now.Chain(slot.Number, 1, 1<<20)
			must(s.t, err)
			for _, row := range rows {
				list = append(list, row.Body)
			}
		}
		return err
	}))
	return list
}

// disclosures is how many of some entries released something.
func disclosures(rows []entry) (n int) {
	for _, e := range rows {
		if len(e.Released) > 0 {
			n++
		}
	}
	return n
}

// verified fails where the chain is not whole.
func (s *stand) verified() {
	s.t.Helper()
	report, err := audit.Verify(context.Background(), s.store, s.keys.Listed)
	must(s.t, err)
	if report.Entries == 0 || report.Break != nil {
		s.t.Errorf("the log of %d entries is broken: %v", report.Entries, report.Break)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
