package gateway_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

var sequences = flag.Int("sequences", 210, "sequences of TestTwoWorldsAnswerAlike")

// A pair of worlds lives through so many sequences of so many requests.
const (
	perPair     = 30
	perSequence = 6
)

// Two gateways whose stores differ in nothing but what a council does not see: activities
// and goals of an area that the person kept from it, another plan, other custodians'
// records, people who refused. Whatever the council's systems send, reads and writes, one
// after the other, while hidden things change in one of the two: the answers are the same,
// but for the names that the gateways make up, and so is what subscribers are told.
func TestTwoWorldsAnswerAlike(t *testing.T) {
	answered, hidden, told := map[int]int{}, 0, 0
	for seed := range (*sequences + perPair - 1) / perPair {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			x := openWorlds(t, uint64(seed))
			for range perPair {
				for range perSequence {
					x.step()
				}
				x.hearAlike()
				if t.Failed() {
					t.FailNow()
				}
			}
			for status, n := range x.answered {
				answered[status] += n
			}
			hidden, told = hidden+x.hidden, told+len(x.here.endpoint.events())
			x.here.verified()
			x.there.verified()
		})
	}
	t.Logf("%d hidden changes, %d notifications, answers by status: %v", hidden, told, answered)
	for _, status := range []int{200, 201, 204, 400, 404, 412, 422, 428} {
		if answered[status] < 5 {
			t.Errorf("%d answers of %d: the test looked at little", answered[status], status)
		}
	}
	if hidden < *sequences/2 || told < *sequences/4 {
		t.Errorf("%d hidden changes and %d notifications: the test looked at little", hidden, told)
	}
}

// worlds are two gateways, and what a council asks of both. Here is the one from whose
// answers it makes its requests.
type worlds struct {
	t           *testing.T
	chance      *rand.Rand
	here, there *world
	answered    map[int]int
	hidden      int // changes of one that the other has not
	next        int

	id, patient   string   // of the plan that both hold, and the Patient
	patients      []string // whom the council does not see, in both or there alone
	ids           []string // of what the council does not see, "Type/id", in both or there alone
	own           []string // of what its records system has made, "Type/id"
	versions      []string // that it was given
	subscriptions []string
	last          answer // what it read last of the plan
}

// world is one of them.
type world struct {
	*stand
	endpoint *endpoint
	outbox   *teller
	source   map[string]any // the health board's plan, as its system sends it
	names    map[string]int // what the gateway made up, in the order in which it was shown
	order    []string
}

func openWorlds(t *testing.T, seed uint64) *worlds {
	x := &worlds{t: t, chance: rand.New(rand.NewPCG(seed, 21)), answered: map[int]int{}} //nolint:gosec // no secret comes of it
	x.here, x.there = openWorld(t), openWorld(t)
	s := x.there.stand
	s.share()
	x.here.share()
	refuses := s.plan("ann.json", func(plan map[string]any) {
		person := plan["person"].(map[string]any)
		person["nhsNumber"], person["key"], person["name"] = nobody, "CV-NEW", map[string]any{"family": "Parry", "given": []any{"Siôn"}}
		plan["id"], plan["episode"].(map[string]any)["key"] = "CTP-NEW", "EP-NEW"
		wish("T2")(plan)
	})
	if sum := s.bringIn(refuses); sum.Stored != 1 {
		t.Fatalf("%+v", sum)
	}
	if sum := s.bringInFor(secondBoard, consent.Off, s.annAt(secondBoard, without)); sum.Stored != 1 {
		t.Fatalf("%+v", sum)
	}
	for _, w := range []*world{x.here, x.there} {
		if sum := w.bringInFor(council, consent.On, w.annAt(council, asItIs)); sum.Stored != 1 {
			t.Fatalf("%+v", sum)
		}
	}
	x.id = s.planOf("cmht", ann, profiles.CodeMentalHealthPlan)
	x.patient = s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+ann).ids(t)[0]
	x.there.source["outcomes"] = append(x.there.source["outcomes"].([]any), map[string]any{"key": "8", "area": "finance", "outcome": "Hidden goal", "status": "active"})
	x.there.send()
	x.ids = []string{"CarePlan/never", "Goal/never"}
	for _, number := range []string{elin, nobody} {
		x.patients = append(x.patients, s.get("cmht", "/Patient?identifier="+profiles.SystemNHSNumber+"|"+number).ids(t)[0])
	}
	for _, number := range []string{ann, elin, nobody} {
		for _, typ := range []string{"CarePlan", "Goal"} {
			seen := s.get("social-care", "/"+typ+"?"+about(number, "_count", "100")).ids(t)
			for _, id := range s.get("cmht", "/"+typ+"?"+about(number, "_count", "100")).ids(t) {
				if !slices.Contains(seen, id) {
					x.ids = append(x.ids, typ+"/"+id)
				}
			}
		}
	}
	for _, topic := range []subscriptions.Topic{subscriptions.PlanChanged, subscriptions.EpisodeChanged} {
		made := x.ask("social-care", http.MethodPost, "/Subscription", subscription(topic, x.here.endpoint.URL+"/hook", "id-only", ""))
		x.subscriptions = append(x.subscriptions, "/Subscription/"+made.id(t))
	}
	x.last = x.ask("social-care", http.MethodGet, "/CarePlan/"+x.id, "")
	return x
}

func openWorld(t *testing.T) *world {
	w := &world{stand: openStandAt(t, keeping, 0), endpoint: openEndpoint(t), names: map[string]int{}}
	w.agree(w.endpoint, "demo-social-care")
	w.road.Policy.BreakGlass.Roles = []string{"nurse"}
	w.outbox = w.tell("a", nil)
	w.stand.plan("ann.json", func(plan map[string]any) { w.source = plan })
	return w
}

// step is one request of the council's, or a change by others: one that it sees, in both
// worlds, or one that it does not, in one.
func (x *worlds) step() {
	x.next++
	for _, w := range []*world{x.here, x.there} {
		w.clock.advance(2 * time.Second)
	}
	switch x.chance.IntN(10) {
	case 0:
		x.show()
	case 1:
		x.hide([]*world{x.here, x.there, x.there}[x.chance.IntN(3)])
	case 2:
		x.reads()
	case 3:
		x.keeps()
	case 4:
		x.bundles()
	case 5:
		x.subscribes()
	case 6: // for whom it is, nobody learns; and the council's system may not
		x.ask(one(x, "ooh-glass", "other-glass", "social-care"), http.MethodPost, "/Patient/$break-glass", breaking(one(x, ann, elin, nobody), one(x, "emergency", "public-interest", "other")))
	default:
		x.writes()
	}
}

// send sends what the source says now.
func (w *world) send() {
	w.t.Helper()
	text, err := json.Marshal(w.source)
	must(w.t, err)
	if sum := w.bringIn(fstest.MapFS{"ann.json": {Data: text}}); sum.Stored != 1 || sum.Quarantined != 0 {
		w.t.Fatalf("%+v", sum)
	}
}

// outcome is one of the source's plan, by its area.
func (w *world) outcome(area string) map[string]any {
	for _, o := range w.source["outcomes"].([]any) {
		if o.(map[string]any)["area"] == area {
			return o.(map[string]any)
		}
	}
	w.t.Fatalf("there is no %s", area)
	return nil
}

// show has others change what the council sees.
func (x *worlds) show() {
	words, byTeam := fmt.Sprintf("Shown %d", x.next), x.chance.IntN(2) == 0
	for _, w := range []*world{x.here, x.there} {
		if byTeam {
			w.teamAdds("CarePlan/"+x.id, "work", words)
			continue
		}
		w.outcome("accommodation")["services"] = []any{map[string]any{"what": words}}
		w.send()
	}
}

func (w *world) teamAdds(plan, area, words string, more ...any) {
	w.t.Helper()
	body := withActivities(w.t, withActivity(w.t, w.get("cmht", "/"+plan).body, area, words), func(list []any) []any {
		last := list[len(list)-1].(map[string]any)
		last["extension"] = append(last["extension"].([]any), more...)
		return list
	})
	if got := w.stand.send("cmht", http.MethodPut, "/"+plan, body); got.status != http.StatusOK {
		w.t.Fatalf("the team: %d %s", got.status, got.body)
	}
}

// restricted marks an activity that no flow of the council's names.
var restricted = map[string]any{"url": profiles.ExtRestriction, "valueCode": profiles.CodeThirdParty}

// hide has others change what the council does not see, in one world.
func (x *worlds) hide(w *world) {
	x.hidden++
	words := fmt.Sprintf("Hidden %d", x.next)
	switch finance := w.outcome("finance"); x.chance.IntN(9) {
	case 0:
		w.teamAdds("CarePlan/"+x.id, "finance", words)
		return
	case 7: // an activity of an area that the council sees, which is restricted
		w.teamAdds("CarePlan/"+x.id, one(x, "accommodation", "work"), words, restricted)
		return
	case 8: // another plan, restricted as a whole, or of a kind that the council does not see
		body := crisisPlanOf(numbered(ann), `,"title":"`+words+`"`+one(x, "", `,"meta":{"security":[{"system":"`+profiles.SystemConfidentiality+`","code":"V"}]}`))
		if strings.Contains(body, "security") {
			body = edited(w.t, body, profiles.CodeCrisisPlan, profiles.CodeMentalHealthPlan)
		}
		made := w.stand.send("keeper", http.MethodPost, "/CarePlan", body)
		if made.status != http.StatusCreated {
			w.t.Fatalf("%d %s", made.status, made.body)
		}
		x.ids = append(x.ids, strings.Split(strings.TrimPrefix(made.header.Get("Location"), w.road.Base+"/"), "/_history")[0])
		return
	case 1:
		var services []any
		for i := range 1 + x.chance.IntN(80) {
			services = append(services, map[string]any{"what": fmt.Sprint(words, " ", i)})
		}
		finance["services"] = services
	case 2:
		finance["outcome"], finance["steps"] = words, strings.Repeat(words, 1+x.chance.IntN(100))
	case 3:
		w.source["crisis"].(map[string]any)["whatHelps"] = []any{words}
	case 4:
		w.source["risks"] = append(w.source["risks"].([]any), map[string]any{"key": words, "kind": "vulnerability", "text": words, "status": "current", "level": "high", "identified": "2025-02-10"})
	case 5:
		w.source["person"].(map[string]any)["telephone"] = fmt.Sprintf("01632 96%04d", x.next%10000)
	case 6:
		if sum := w.bringInFor(secondBoard, consent.Off, w.annAt(secondBoard, func(plan map[string]any) {
			without(plan)
			plan["crisis"].(map[string]any)["whatHelps"] = []any{words}
		})); sum.Stored != 1 {
			w.t.Fatalf("%+v", sum)
		}
		return
	}
	w.send()
}

// ask sends a request to both worlds, and holds the answers to each other.
func (x *worlds) ask(as, method, path, body string, headers ...string) answer {
	x.t.Helper()
	here := x.here.asked(as, method, path, body, headers...)
	translated := make([]string, len(headers))
	for i, h := range headers {
		translated[i] = x.translated(h)
	}
	there := x.there.asked(as, method, x.translated(path), x.translated(body), translated...)
	x.answered[here.status]++
	if a, b := x.here.shown(here), x.there.shown(there); a != b {
		x.t.Errorf("%s %s %s %v\n%s\nis answered %s", as, method, path, headers, body, difference(a, b))
	}
	for version := range strings.SplitSeq(here.header.Get("ETag"), " ") {
		if v := strings.Trim(version, `W/"`); v != "" && !slices.Contains(x.versions, v) {
			x.versions = append(x.versions, v)
		}
	}
	return here
}

func (w *world) asked(as, method, path, body string, headers ...string) answer {
	if method == http.MethodGet {
		return w.do(as, method, gateway.Prefix+path, "", headers...)
	}
	return w.stand.send(as, method, path, body, headers...)
}

// translated is what a request says to the other world: what that made up in the place of
// what was made up here.
func (x *worlds) translated(text string) string {
	text = strings.NewReplacer(x.here.server.URL, x.there.server.URL, x.here.endpoint.URL, x.there.endpoint.URL).Replace(text)
	return madeUp.ReplaceAllStringFunc(text, func(name string) string {
		if n, known := x.here.names[name]; known && n < len(x.there.order) {
			return x.there.order[n]
		}
		return name
	})
}

// madeUp are ids, versions and positions.
var madeUp = regexp.MustCompile(`[A-Za-z0-9_.~-]{25,}`)

// shown is an answer with its headers, its length and its order, with numbers for what the
// gateway made up.
func (w *world) shown(a answer) string {
	header := a.header.Clone()
	for _, name := range []string{"Date", "X-Request-Id", "X-Correlation-Id"} {
		header.Del(name)
	}
	text := fmt.Sprintf("%d, %d bytes\n", a.status, len(a.body))
	for _, name := range slices.Sorted(maps.Keys(header)) {
		text += name + ": " + strings.Join(header[name], ", ") + "\n"
	}
	return w.numbered(text + a.body)
}

func (w *world) numbered(text string) string {
	text = strings.NewReplacer(w.server.URL, "GATEWAY", w.endpoint.URL, "ENDPOINT").Replace(text)
	return madeUp.ReplaceAllStringFunc(text, func(name string) string {
		if _, known := w.names[name]; !known {
			w.names[name] = len(w.order)
			w.order = append(w.order, name)
		}
		return fmt.Sprintf("#%d", w.names[name])
	})
}

// hearAlike holds what subscribers are told to each other.
func (x *worlds) hearAlike() {
	x.t.Helper()
	var heard [2]map[string]string // by subscription: there is no order between them
	for i, w := range []*world{x.here, x.there} {
		until(x.t, w.allTold, w.outbox)
		heard[i] = map[string]string{}
		w.endpoint.mu.Lock()
		for _, m := range w.endpoint.told {
			text := w.numbered(m.kind + " " + m.body + "\n")
			heard[i][ofSubscription.FindString(text)] += text
		}
		w.endpoint.mu.Unlock()
	}
	if fmt.Sprint(heard[0]) != fmt.Sprint(heard[1]) {
		x.t.Errorf("told %s", difference(fmt.Sprint(heard[0]), fmt.Sprint(heard[1])))
	}
	for _, path := range x.subscriptions[:min(len(x.subscriptions), 3)] {
		for _, operation := range []string{"", "/$status", "/$events"} {
			x.ask("social-care", http.MethodGet, path+operation, "")
		}
	}
}

var ofSubscription = regexp.MustCompile("Subscription/#[0-9]+")

// difference is where two texts differ.
func difference(here, there string) string {
	at := 0
	for at < min(len(here), len(there)) && here[at] == there[at] {
		at++
	}
	from := max(at-300, 0)
	return fmt.Sprintf("here\n%s\nand there\n%s", here[from:min(at+300, len(here))], there[from:min(at+300, len(there))])
}

// allTold reports that nothing waits to be told.
func (w *world) allTold() (done bool) {
	must(w.t, w.store.View(w.t.Context(), func(now store.Snapshot) error {
		outbox, err := now.Outbox()
		must(w.t, err)
		changes, err := now.Changes(outbox.Through, 1)
		must(w.t, err)
		all, err := now.Subscriptions("")
		done = len(changes) == 0 && !slices.ContainsFunc(all, func(s subscriptions.Subscription) bool { return s.Waiting() || s.Status == subscriptions.Requested })
		return err
	}))
	return done
}
