package gateway_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

var interleavings = flag.Int("interleavings", 8, "rounds of TestSeveralHandsOnOnePlan")

// Two partners and a nightly feed on one plan, in any order, with edits of old versions,
// retries, answers that are lost and extracts that say something new: nobody's words are
// lost or there twice, nothing that the council does not see moves by its hand, and in the
// end everybody reads what was accepted.
func TestSeveralHandsOnOnePlan(t *testing.T) {
	for round := range *interleavings {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			s := openStandUsing(t, keeping)
			p := &plan{
				stand: s, t: t, chance: rand.New(rand.NewPCG(uint64(round), 8)), //nolint:gosec // no secret comes of it
				id: s.planOf("cmht", ann, profiles.CodeMentalHealthPlan), live: map[string]string{}, fed: "Tenancy support",
			}
			council, team := &hand{plan: p, as: "social-care", areas: []string{"accommodation", "work"}}, &hand{plan: p, as: "cmht", areas: []string{"social", "work", "finance"}}
			council.read()
			team.read()
			for range 30 {
				switch p.chance.IntN(9) {
				case 0:
					p.feed()
				case 1, 2:
					[]*hand{council, team}[p.chance.IntN(2)].read()
				case 3, 4, 5, 6:
					council.write()
				default:
					team.write()
				}
			}
			council.converges()
			team.converges()
			p.keepsEveryWord()
			s.verified()
		})
	}
}

// plan is what is known to be so of one plan.
type plan struct {
	*stand
	t        *testing.T
	chance   *rand.Rand
	id, fed  string
	live     map[string]string // words that were accepted and not ended -> who wrote them
	accepted [][2]string       // words with who wrote them, in the order of acceptance
	next     int
}

// feed brings in an extract in which the source says something new, or nothing.
func (p *plan) feed() {
	if p.chance.IntN(3) > 0 {
		p.fed = fmt.Sprintf("Fed %d.", p.next)
		p.next++
	}
	p.bringIn(p.plan("ann.json", func(plan map[string]any) {
		for _, outcome := range plan["outcomes"].([]any) {
			if o := outcome.(map[string]any); o["area"] == "accommodation" && p.fed != "Tenancy support" {
				o["services"] = []any{map[string]any{"what": p.fed}}
			}
		}
	}))
}

// keepsEveryWord looks for all that was accepted, in the plan or its history, under who
// wrote it.
func (p *plan) keepsEveryWord() {
	p.t.Helper()
	var history []records.Version
	must(p.t, p.store.View(p.t.Context(), func(now store.Snapshot) (err error) {
		history, err = now.History("CarePlan", p.id)
		return err
	}))
	authors := map[string]string{"social-care": "organisation:LA9A1", "cmht": "organisation:7A4"}
	for _, said := range p.accepted {
		found := slices.ContainsFunc(history, func(v records.Version) bool {
			return v.Source == authors[said[1]] && strings.Contains(string(v.Body), said[0])
		})
		if !found {
			p.t.Errorf("%q of %s is in no version", said[0], said[1])
		}
	}
}

// hand is a client with what it read last, and perhaps an edit whose answer it never got.
type hand struct {
	*plan
	as    string
	areas []string
	last  answer
	lost  *edit
}

// edit is a request to change the plan, with what it would make of the words.
type edit struct {
	body, tag   string
	merge       bool
	words, ends string
}

func (h *hand) read() { h.last = h.get(h.as, "/CarePlan/"+h.id) }

func (h *hand) write() {
	e := h.lost
	if e == nil || h.chance.IntN(3) == 0 {
		made := h.edits()
		e = &made
	}
	before := h.stored("CarePlan", h.id)
	var headers []string
	if e.merge {
		headers = []string{"Prefer", "merge"}
	}
	got := h.send(h.as, http.MethodPut, "/CarePlan/"+h.id, e.body, append(headers, "If-Match", e.tag)...)
	if h.as == "social-care" {
		h.movedNothingElse(before, e)
	}
	switch got.status {
	case http.StatusOK:
		h.accept(e)
	case http.StatusPreconditionFailed:
		if after := h.stored("CarePlan", h.id); string(after.Raw()) != string(before.Raw()) {
			h.t.Errorf("%s: what was refused was stored", h.as)
		}
	default:
		h.t.Errorf("%s: %d %s", h.as, got.status, got.body)
	}
	if h.lost = nil; h.chance.IntN(4) == 0 {
		h.lost = e // and it knows nothing of what came of it
		return
	}
	if h.last = got; got.status != http.StatusOK {
		h.read()
	}
}

func (h *hand) accept(e *edit) {
	if e.ends != "" {
		delete(h.live, e.ends)
	}
	if e.words != "" {
		h.live[e.words] = h.as
		h.accepted = append(h.accepted, [2]string{e.words, h.as})
	}
}

// edits makes an edit of what was read last: words that are new, words of one's own
// that are changed, or that are ended; the team ends anybody's.
func (h *hand) edits() edit {
	e := edit{tag: h.last.header.Get("ETag"), merge: h.chance.IntN(3) > 0}
	h.next++
	words, old := fmt.Sprintf("Said %d.", h.next), h.some()
	switch kind := h.chance.IntN(3); {
	case kind == 0 || old == "":
		e.words, e.body = words, withActivity(h.t, h.last.body, h.areas[h.chance.IntN(len(h.areas))], words)
	case kind == 1 && h.live[old] == h.as:
		e.words, e.ends, e.body = words, old, edited(h.t, h.last.body, `"`+old+`"`, `"`+words+`"`)
	default:
		e.ends, e.body = old, withoutActivity(h.t, h.last.body, old)
	}
	return e
}

// some are words that the hand read and may end, empty where there are none.
func (h *hand) some() string {
	var mine []string
	for words, by := range h.live {
		if (by == h.as || h.as == "cmht") && strings.Contains(h.last.body, `"description":"`+words+`"`) {
			mine = append(mine, words)
		}
	}
	if len(mine) == 0 {
		return ""
	}
	slices.Sort(mine)
	return mine[h.chance.IntN(len(mine))]
}

// withoutActivity is a plan without the activity that has some words.
func withoutActivity(t *testing.T, body, words string) string {
	t.Helper()
	var plan map[string]any
	must(t, json.Unmarshal([]byte(body), &plan))
	plan["activity"] = slices.DeleteFunc(plan["activity"].([]any), func(a any) bool {
		detail, _ := a.(map[string]any)["detail"].(map[string]any)
		return detail["description"] == words
	})
	text, err := json.Marshal(plan)
	must(t, err)
	return string(text)
}

// movedNothingElse holds the council's hand to what it edited, byte for byte.
func (h *hand) movedNothingElse(before fhir.Value, e *edit) {
	h.t.Helper()
	after := h.stored("CarePlan", h.id)
	for name, member := range before.Members() {
		if name != "activity" && string(after.Get(name).Raw()) != string(member.Raw()) {
			h.t.Errorf("%s has moved", name)
		}
	}
	var was, is []string
	for a := range before.Get("activity").Each() {
		if words := a.Find("detail", "description").Text(); words != e.ends || words == "" {
			was = append(was, string(a.Raw()))
		}
	}
	for a := range after.Get("activity").Each() {
		if words := a.Find("detail", "description").Text(); (words != e.words && words != e.ends) || words == "" || slices.Contains(was, string(a.Raw())) {
			is = append(is, string(a.Raw()))
		}
	}
	if !slices.Equal(was, is) {
		h.t.Errorf("%s moved what it did not edit:\n%s\n%s", h.as, was, is)
	}
}

// converges reads once more: it has everything that was accepted and nothing that was
// ended, once each.
func (h *hand) converges() {
	h.t.Helper()
	h.read()
	if !strings.Contains(h.last.body, h.fed) {
		h.t.Errorf("%s does not see %q of the source", h.as, h.fed)
	}
	content := string(h.stored("CarePlan", h.id).Get("activity").Raw())
	for n := 1; n <= h.next; n++ {
		words := fmt.Sprintf("Said %d.", n)
		want := 0
		if h.live[words] != "" {
			want = 1
		}
		if got := strings.Count(content, `"`+words+`"`); got != want {
			h.t.Errorf("%q of %s is %d times in the plan, want %d", words, h.live[words], got, want)
		}
		if h.as == "cmht" && strings.Contains(h.last.body, `"`+words+`"`) != (want == 1) || h.as == "social-care" && h.live[words] == h.as && !strings.Contains(h.last.body, words) {
			h.t.Errorf("%s does not read %q as it is", h.as, words)
		}
	}
}
