package gateway_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// view is what one caller is given by one request, as far as answers compare:
// without what is new in every one of them.
type view struct {
	status int
	tag    string
	body   string
}

// content is the body without what it says of versions: what a caller learns of
// the person.
func (v view) content() string {
	return regexp.MustCompile(`"(versionId|lastUpdated)":"[^"]*",?`).ReplaceAllString(v.body, "")
}

// tagged is the content without what the narrative says, which a tag is not made of:
// it tells of other resources as well, and moves with the day.
func (v view) tagged() string {
	return regexp.MustCompile(`"text":\{"status":"generated","div":"(\\.|[^"\\])*"\},?`).ReplaceAllString(v.content(), "")
}

// looks are the requests by which a caller sees Ann's record: searches of every
// type about her, and a read and a versioned read of what they find.
func (s *stand) looks(as string) map[string]view {
	s.t.Helper()
	looks := map[string]view{}
	look := func(path string) answer {
		a := s.get(as, path)
		looks[path] = view{a.status, a.header.Get("ETag"), regexp.MustCompile(`"url":"[^"]*_cursor=[^"]*"`).ReplaceAllString(a.body, `"next"`)}
		return a
	}
	for _, typ := range []string{"Patient", "CarePlan", "CareTeam", "EpisodeOfCare", "Flag", "Goal", "RiskAssessment"} {
		key := "patient.identifier"
		if typ == "Patient" {
			key = "identifier"
		}
		found := look("/" + typ + "?" + strings.Replace(about(ann), "patient.identifier", key, 1))
		if found.status != http.StatusOK {
			s.t.Fatalf("%s looks for %s: %d %.300s", as, typ, found.status, found.body)
		}
		look("/" + typ + "?" + strings.Replace(about(ann), "patient.identifier", key, 1) + "&_sort=-_lastUpdated&_count=2")
		if include, can := includes[typ]; can {
			look("/" + typ + "?" + about(ann) + include)
		}
		for _, part := range parts {
			look("/" + typ + "?" + strings.Replace(about(ann), "patient.identifier", key, 1) + part)
		}
		for _, id := range found.ids(s.t) {
			read := look("/" + typ + "/" + id)
			look("/" + typ + "/" + id + "/_history/" + read.version())
		}
	}
	return looks
}

// parts are the ways to ask for less than the whole of what is found.
var parts = []string{"&_summary=count", "&_count=0", "&_total=accurate&_count=1", "&_summary=true", "&_summary=text", "&_summary=data", "&_elements=identifier"}

// includes are those by which more than the matches is looked at.
var includes = map[string]string{"CarePlan": "&_include=CarePlan:subject&_include=CarePlan:goal&_include=CarePlan:care-team", "CareTeam": "&_include=CareTeam:participant"}

func isPart(path string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.HasSuffix(path, part) })
}

// partsStay fails where the whole of what a caller is given stayed, and a part of it
// or the number of matches did not.
func partsStay(t *testing.T, edit string, before, after map[string]view) {
	t.Helper()
	for path, now := range after {
		for _, part := range parts {
			whole, cut := strings.CutSuffix(path, part)
			if cut && before[whole] == after[whole] && before[path] != now {
				t.Errorf("%s: the whole stayed, and %s did not:\n%s\n%s", edit, path, before[path], now)
			}
		}
	}
}

// edits are small changes of a plan, one at every leaf and list of its JSON: each
// sets, when called, one place of a fresh copy.
func edits(path string, at any, apply func(edited any)) map[string]func() {
	all := map[string]func(){}
	switch v := at.(type) {
	case map[string]any:
		for name, member := range v {
			maps.Copy(all, edits(path+"."+name, member, func(edited any) { v[name] = edited }))
			all[path+"."+name+" left out"] = func() { delete(v, name) }
		}
	case []any:
		for i, element := range v {
			maps.Copy(all, edits(fmt.Sprintf("%s[%d]", path, i), element, func(edited any) { v[i] = edited }))
			all[fmt.Sprintf("%s[%d] left out", path, i)] = func() { apply(slices.Delete(slices.Clone(v), i, i+1)) }
		}
		all[path+" turned round"] = func() {
			turned := slices.Clone(v)
			slices.Reverse(turned)
			apply(turned)
		}
	case string:
		all[path+" changed"] = func() { apply(changed(v)) }
	case bool:
		all[path+" flipped"] = func() { apply(!v) }
	}
	return all
}

// changed is another text of the same form.
func changed(text string) string {
	if len(text) == len("2006-01-02") && text[4] == '-' {
		return text[:8] + map[bool]string{true: "11", false: "12"}[text[8:] == "12"]
	}
	return text + " a"
}

// Whatever is edited in the record, a caller who is shown the same content is
// shown the same versions and times, and one who is shown another content gets
// another tag. The callers are partners, who see a part of what is edited.
func TestHiddenChangesMoveNoVersion(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		callers := []string{"gp", "ooh", "social-care"}
		before := map[string]map[string]view{}
		for _, as := range callers {
			before[as] = s.looks(as)
		}
		var names []string
		s.plan("ann.json", func(plan map[string]any) { names = slices.Sorted(maps.Keys(edits("", plan, nil))) })
		stored, hidden, shown := 0, 0, 0
		for i, name := range names {
			if i%15 != 5*slices.Index(memoryUses, s.use) && name != ".coordinator.key changed" { // every fifth, by turns with each memory, and the one that was found first
				continue
			}
			if strings.HasPrefix(name, ".person.nhsNumber") || strings.HasPrefix(name, ".directives") || strings.HasPrefix(name, ".person.key") {
				continue // another person, or another decision
			}
			sum := s.bringIn(s.plan("ann.json", func(plan map[string]any) { edits("", plan, nil)[name]() }))
			if sum.Resources == 0 {
				continue // the format does not take it
			}
			stored++
			for _, as := range callers {
				after := s.looks(as)
				for path, now := range after {
					was, known := before[as][path]
					switch {
					case !known, isPart(path):
					case was.tagged() == now.tagged() && !strings.Contains(path, "?") && was.tag != now.tag, was.content() == now.content() && was != now:
						t.Errorf("%s: %s sees the same content of %s under another version:\n%s\n%s", name, as, path, was, now)
					case was.tagged() != now.tagged() && was.tag == now.tag && was.tag != "":
						t.Errorf("%s: %s sees other content of %s under the same tag", name, as, path)
					case was == now:
						hidden++
					default:
						shown++
					}
				}
				partsStay(t, name, before[as], after)
				before[as] = after
				if t.Failed() {
					t.FailNow()
				}
			}
		}
		if stored < 10 || hidden < 100 || shown < 10 {
			t.Fatalf("%d edits were stored, %d answers stayed and %d changed: the test looked at little", stored, hidden, shown)
		}
	})
}

// String shows a view where a test fails, without what was written of the person.
func (v view) String() string {
	return fmt.Sprintf("%d %s %q", v.status, v.tag, regexp.MustCompile(`"(versionId|lastUpdated)":"[^"]*"`).FindAllString(v.body, 4))
}
