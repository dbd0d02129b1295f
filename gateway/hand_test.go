package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"cpagateway/profiles/fhir"
)

// hand is a client that writes to a plan, with what it read last, and perhaps an edit
// whose answer it never got.
type hand struct {
	*plan
	as    string
	areas []string
	last  answer
	of    uint64 // the number of the version that it read
	lost  *edit
}

// edit is a request to change the plan, with what it would make of the words.
type edit struct {
	method, body, tag string
	of                uint64
	merge             bool
	words, area, ends string
	mixed             bool // the list is in another order: a change in it is an end and an addition
	sent, made        bool
}

func (h *hand) read() { h.keeps(h.get(h.as, "/CarePlan/"+h.id)) }

func (h *hand) keeps(a answer) {
	h.isTold(a)
	h.last, h.of = a, h.number()
}

// isTold fails where an answer to the council holds words that it may not see.
func (h *hand) isTold(a answer) {
	for _, words := range anyWords.FindAllString(a.body, -1) {
		if h.as == "social-care" && h.accepted[words].area == "finance" {
			h.t.Errorf("the council was told %q: %s", words, a.body)
		}
	}
}

var (
	anyWords = regexp.MustCompile(`(?:Said|Fed) [a-z0-9]+\.`)
	wordsOf  = regexp.MustCompile(`"description":"((?:Said|Fed) [a-z0-9]+\.)"`)
)

// wordsIn counts the parts of a plan that hold words of this test.
func wordsIn(plan string) map[string]int {
	found := map[string]int{}
	for _, part := range wordsOf.FindAllStringSubmatch(plan, -1) {
		found[part[1]]++
	}
	return found
}

func (h *hand) write() {
	e := h.lost
	if e == nil || h.chance.IntN(3) == 0 {
		e = h.edits()
	}
	before, was, of := h.stored("CarePlan", h.id), h.get(h.as, "/CarePlan/"+h.id), h.number()
	headers := []string{"If-Match", e.tag}
	if e.merge {
		headers = append(headers, "Prefer", "merge")
	}
	f, end := h.meets()
	got := h.send(h.as, e.method, "/CarePlan/"+h.id, e.body, headers...)
	end()
	h.isTold(got)
	stored, current := h.number() > of, was.header.Get("ETag") == e.tag
	h.judge(e, f, got, stored, current)
	h.movedNothingElse(before, e)
	if f == none {
		h.count(e, got, of != e.of, !current)
	}
	if stored {
		h.accept(e)
	}
	e.sent = true
	switch {
	case got.status >= http.StatusInternalServerError || h.chance.IntN(4) == 0:
		h.lost = e // and it knows nothing of what came of it
		return
	case h.chance.IntN(3) == 0: // it goes on with its old copy
	case got.status == http.StatusOK:
		h.keeps(got)
	default:
		h.read()
	}
	h.lost = nil
}

// judge holds an answer to what became of the edit.
func (h *hand) judge(e *edit, f fault, got answer, stored, current bool) {
	h.t.Helper()
	_, there := h.live[e.words]
	_, endless := h.live[e.ends]
	wrong := ""
	switch {
	case f == killed && got.status == http.StatusInternalServerError, f != none && got.status >= http.StatusInternalServerError && !stored:
	case got.status == http.StatusOK && stored:
		if e.made || !e.merge && !current || e.ends != "" && !endless && !e.mixed {
			wrong = "it was made already, or is of an old version, or of what is no more"
		}
	case got.status == http.StatusOK:
		if !e.made && (e.words != "" && !there || e.words == "" && endless) {
			wrong = "it was not made"
		}
	case got.status == http.StatusPreconditionFailed && !stored:
		if e.made || current || e.merge && (e.ends == "" || endless) {
			wrong = "nothing was in its way"
		}
	default:
		wrong = "no such answer was to be"
	}
	if wrong != "" {
		h.t.Errorf("%s by %s of %q in the place of %q (sent before: %t, made: %t, to be merged: %t) was answered %d, and stored: %t, with the fault %d: %s\n%s",
			e.method, h.as, e.words, e.ends, e.sent, e.made, e.merge, got.status, stored, f, wrong, got.body)
	}
}

// count counts an edit that is sent for the first time.
func (h *hand) count(e *edit, got answer, stale, moved bool) {
	if e.sent {
		h.again++
		return
	}
	if !e.merge {
		return
	}
	h.merges++
	for n, so := range map[*int]bool{&h.stale: stale, &h.moved: moved, &h.clashes: got.status == http.StatusPreconditionFailed} {
		if so {
			*n++
		}
	}
}

func (h *hand) accept(e *edit) {
	e.made = true
	if e.ends != "" {
		delete(h.live, e.ends)
	}
	if e.words != "" {
		h.live[e.words] = word{h.as, e.area}
		h.accepted[e.words] = h.live[e.words]
	}
}

// edits makes an edit of what was read last: words that are new, or are said instead of
// others, or others that are ended. The council has its own words alone, the team has all.
func (h *hand) edits() *edit {
	e := &edit{method: http.MethodPut, tag: h.last.header.Get("ETag"), of: h.of, merge: h.chance.IntN(3) > 0}
	kind, old := h.chance.IntN(3), h.some()
	if len(h.live) > 8 {
		kind = 2
	}
	e.words, e.area, e.ends = fmt.Sprintf("Said %d.", h.next), h.areas[h.chance.IntN(len(h.areas))], old
	switch {
	case kind == 0 || old == "":
		e.ends = ""
	case kind == 1:
		e.area = h.accepted[old].area
	default:
		e.words = ""
	}
	h.next++
	if h.chance.IntN(3) == 0 {
		e.method, e.body = http.MethodPatch, patchOf(h.t, h.last.body, *e)
		return e
	}
	switch {
	case e.ends == "":
		e.body = withActivity(h.t, h.last.body, e.area, e.words)
	case e.words == "":
		e.body = withoutActivity(h.t, h.last.body, old)
	default:
		e.body = edited(h.t, h.last.body, `"`+old+`"`, `"`+e.words+`"`)
	}
	if e.mixed = h.chance.IntN(4) == 0; e.mixed {
		e.body = inAnotherOrder(h.t, e.body, h.chance.Shuffle)
	}
	return e
}

// patchOf is an edit as a JSON Patch.
func patchOf(t *testing.T, body string, e edit) string {
	t.Helper()
	at := slices.IndexFunc(activitiesOf(t, body), func(a any) bool { return described(a) == e.ends })
	var operation map[string]any
	switch {
	case e.ends == "":
		all := activitiesOf(t, withActivity(t, body, e.area, e.words))
		operation = map[string]any{"op": "add", "path": "/activity/-", "value": all[len(all)-1]}
	case e.words == "":
		operation = map[string]any{"op": "remove", "path": fmt.Sprintf("/activity/%d", at)}
	default:
		operation = map[string]any{"op": "replace", "path": fmt.Sprintf("/activity/%d/detail/description", at), "value": e.words}
	}
	text, err := json.Marshal([]any{operation})
	must(t, err)
	return string(text)
}

func activitiesOf(t *testing.T, body string) []any {
	t.Helper()
	var plan struct{ Activity []any }
	must(t, json.Unmarshal([]byte(body), &plan))
	return plan.Activity
}

func described(activity any) any {
	detail, _ := activity.(map[string]any)["detail"].(map[string]any)
	return detail["description"]
}

// some are words that the hand read and may end, perhaps no more there; empty where there
// are none.
func (h *hand) some() string {
	var mine []string
	for words := range wordsIn(h.last.body) {
		if h.accepted[words].by == h.as || h.as == "cmht" {
			mine = append(mine, words)
		}
	}
	if len(mine) == 0 {
		return ""
	}
	slices.Sort(mine)
	return mine[h.chance.IntN(len(mine))]
}

// withActivities is a plan with other activities.
func withActivities(t *testing.T, body string, of func(list []any) []any) string {
	t.Helper()
	var plan map[string]any
	must(t, json.Unmarshal([]byte(body), &plan))
	plan["activity"] = of(plan["activity"].([]any))
	text, err := json.Marshal(plan)
	must(t, err)
	return string(text)
}

// withoutActivity is a plan without the activity that has some words.
func withoutActivity(t *testing.T, body, words string) string {
	t.Helper()
	return withActivities(t, body, func(list []any) []any {
		return slices.DeleteFunc(list, func(a any) bool { return described(a) == words })
	})
}

// inAnotherOrder is a plan that says the same.
func inAnotherOrder(t *testing.T, body string, shuffle func(n int, swap func(i, j int))) string {
	t.Helper()
	return withActivities(t, body, func(list []any) []any {
		shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list
	})
}

// movedNothingElse holds a hand to what it edited, byte for byte.
func (h *hand) movedNothingElse(before fhir.Value, e *edit) {
	h.t.Helper()
	after := h.stored("CarePlan", h.id)
	for name, member := range before.Members() {
		if name != "activity" && string(after.Get(name).Raw()) != string(member.Raw()) {
			h.t.Errorf("%s has moved", name)
		}
	}
	others := func(plan fhir.Value) (list []string) {
		for a := range plan.Get("activity").Each() {
			if words := a.Find("detail", "description").Text(); words == "" || words != e.words && words != e.ends {
				list = append(list, string(a.Raw()))
			}
		}
		return list
	}
	if was, is := others(before), others(after); !slices.Equal(was, is) {
		h.t.Errorf("%s moved what it did not edit:\n%s\n%s", h.as, was, is)
	}
}

// converges reads once more: it has everything that was accepted and nothing that was
// ended, once each.
func (h *hand) converges() {
	h.t.Helper()
	h.read()
	there, seen := h.activities(), wordsIn(h.last.body)
	for words, by := range h.live {
		if there[words] == "" {
			h.t.Errorf("%q of %s is not in the plan", words, by.by)
		}
		if sees := h.as == "cmht" || by.area != "finance"; seen[words] != map[bool]int{true: 1}[sees] {
			h.t.Errorf("%s reads %q of %s %d times", h.as, words, by.by, seen[words])
		}
		delete(there, words)
		delete(seen, words)
	}
	delete(there, "others")
	if len(there)+len(seen) > 0 {
		h.t.Errorf("%s: more is in the plan or its copy than stands: %q %v", h.as, slices.Collect(maps.Keys(there)), seen)
	}
}
