package merge_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// part makes a part of a list, with what may be hidden of it, and parts of its own.
func part(t *rapid.T, depth int) string {
	members := []string{fmt.Sprintf(`"x":%d`, rapid.IntRange(0, 99).Draw(t, "x"))}
	switch rapid.IntRange(0, 5).Draw(t, "more") {
	case 0:
		members = append(members, `"hide":true`)
	case 1:
		members = append(members, fmt.Sprintf(`"hidden":%d`, rapid.IntRange(0, 9).Draw(t, "hidden")))
	case 2:
		members = append(members, fmt.Sprintf(`"y":%d`, rapid.IntRange(0, 2).Draw(t, "y")))
	}
	if depth > 0 && rapid.Bool().Draw(t, "deep") {
		members = append(members, `"n":`+parts(t, depth-1))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func parts(t *rapid.T, depth int) string {
	var list []string
	for range rapid.IntRange(1, 4).Draw(t, "length") {
		list = append(list, part(t, depth))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func resource(t *rapid.T) string {
	members := []string{`"resourceType":"Basic"`}
	for _, name := range []string{"a", "hidden", "b"} {
		if rapid.Bool().Draw(t, name) {
			members = append(members, fmt.Sprintf(`%q:%d`, name, rapid.IntRange(0, 3).Draw(t, "value")))
		}
	}
	for _, name := range []string{"l", "m"} {
		if rapid.IntRange(0, 3).Draw(t, name) > 0 {
			members = append(members, fmt.Sprintf(`%q:%s`, name, parts(t, 1)))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// edited is a value after some of it was changed, as somebody who sees no more would.
func edited(t *rapid.T, v fhir.Value) []byte {
	chance := func(percent int) bool { return rapid.IntRange(1, 100).Draw(t, "chance") <= percent }
	switch v.Kind() {
	case fhir.Object:
		w := fhir.NewWriter(nil)
		w.BeginObject()
		for name, member := range v.Members() {
			if name == "resourceType" || !chance(10) {
				w.Name(name)
				w.Raw(edited(t, member))
			}
		}
		if v.Get("resourceType").Exists() && !v.Get("l").Exists() && chance(20) {
			w.Name("l")
			w.Raw([]byte(`[{"x":1}]`))
		}
		w.EndObject()
		return w.Bytes()
	case fhir.Array:
		var list [][]byte
		for element := range v.Each() {
			if !chance(15) {
				list = append(list, edited(t, element))
			}
		}
		if chance(20) {
			list = append(list, fmt.Appendf(nil, `{"x":%d}`, rapid.IntRange(100, 103).Draw(t, "new")))
		}
		if len(list) > 1 && chance(10) {
			list[0], list[1] = list[1], list[0]
		}
		if len(list) == 0 {
			return []byte(`[{"x":9}]`)
		}
		return slices.Concat([]byte("["), bytes.Join(list, []byte(",")), []byte("]"))
	case fhir.Number:
		if chance(15) {
			return fmt.Appendf(nil, "%d", rapid.IntRange(100, 103).Draw(t, "value"))
		}
	}
	return v.Raw()
}

// asSet is a value with its lists as sets and its members by name.
func asSet(v fhir.Value) string {
	var list []string
	switch v.Kind() {
	case fhir.Object:
		for name, member := range v.Members() {
			list = append(list, name+":"+asSet(member))
		}
		slices.Sort(list)
		return "{" + strings.Join(list, ",") + "}"
	case fhir.Array:
		for element := range v.Each() {
			list = append(list, asSet(element))
		}
		slices.Sort(list)
		list = slices.Compact(list)
		return "[" + strings.Join(list, ",") + "]"
	}
	return string(v.Raw())
}

// distinct reports that no list has two parts that say the same to whom sees them: those
// cannot be told apart, and the laws are about parts that can.
func distinct(v fhir.Value) bool {
	for _, member := range v.Members() {
		if !distinct(member) {
			return false
		}
	}
	if v.Kind() == fhir.Array {
		said := map[string]bool{}
		for element := range v.Each() {
			if said[asSet(element)] || !distinct(element) {
				return false
			}
			said[asSet(element)] = true
		}
	}
	return true
}

// hiddenIn is everything that is hidden at the top of a resource or as a part of it.
func hiddenIn(v fhir.Value) []string {
	var all []string
	for name, member := range v.Members() {
		if isHidden(name, member) {
			all = append(all, name+string(member.Raw()))
		}
		for element := range member.Each() {
			if isHidden("", element) {
				all = append(all, name+string(element.Raw()))
			}
		}
	}
	return all
}

// write is what becomes of a resource when somebody who was given a view of base sends mine.
func write(t *rapid.T, base, mine, now fhir.Value) (merge.Merged, error) {
	return merge.Merge(hides(t, base).Content, mine, hides(t, now), now)
}

// The laws of a write, of resources and edits of any kind.
func TestLaws(t *testing.T) {
	clean, clashed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		base := parse(t, resource(t))
		now := base
		if rapid.Bool().Draw(t, "meanwhile") { // the custodian changes what it likes, of all that is there
			now = parse(t, string(edited(t, base)))
		}
		mine := parse(t, string(edited(t, hides(t, base).Content)))
		made, err := write(t, base, mine, now)
		if err != nil || !distinct(hides(t, base).Content) || !distinct(hides(t, now).Content) || !distinct(mine) {
			return
		}
		after := parse(t, string(made.Resource))
		if want, got := hiddenIn(now), hiddenIn(after); !slices.Equal(want, got) {
			t.Fatalf("hidden was %v, is %v\n%s\n%s\n%s", want, got, now.Raw(), mine.Raw(), after.Raw())
		}
		for _, e := range made.Edits { // what an edit says is what the resource had, and has
			if e.Was.Exists() && !strings.Contains(string(now.Raw()), string(e.Was.Raw())) || e.Is != nil && !strings.Contains(string(after.Raw()), string(e.Is)) {
				t.Fatalf("edit of %s from %s to %s\n%s\n%s", e.Member, e.Was.Raw(), e.Is, now.Raw(), after.Raw())
			}
		}
		if len(made.Edits) == 0 && !bytes.Equal(after.Raw(), now.Raw()) {
			t.Fatalf("nothing was edited, and\n%s became\n%s", now.Raw(), after.Raw())
		}
		seen := hides(t, now)
		shown, err := merge.Merge(hides(t, base).Content, mine, merge.View{Content: seen.Content}, seen.Content)
		if err != nil || asSet(parse(t, string(shown.Resource))) != asSet(hides(t, after).Content) {
			t.Fatalf("%v: the writer would see %s, and not %s\nbase %s\nmine %s\nnow %s", err, hides(t, after).Content.Raw(), shown.Resource, base.Raw(), mine.Raw(), now.Raw())
		}
		if len(made.Clashes) > 0 {
			clashed++
			return
		}
		clean++
		again, err := write(t, base, mine, after)
		if err != nil || len(again.Edits) > 0 || !bytes.Equal(again.Resource, made.Resource) {
			t.Fatalf("the same again (%v) made of\n%s\n%s\nbase %s\nmine %s\nnow %s", err, after.Raw(), again.Resource, base.Raw(), mine.Raw(), now.Raw())
		}
	})
	if clean < 30 || clashed < 10 {
		t.Errorf("%d writes without a clash and %d with one: too few", clean, clashed)
	}
}

// Two edits of one base that do not clash may come in either order.
func TestEditsCommute(t *testing.T) {
	same := 0
	rapid.Check(t, func(t *rapid.T) {
		base := parse(t, resource(t))
		shown := hides(t, base).Content
		a, b := parse(t, string(edited(t, shown))), parse(t, string(edited(t, shown)))
		if !distinct(shown) || !distinct(a) || !distinct(b) {
			return
		}
		both := func(first, second fhir.Value) (string, bool) {
			one, err1 := write(t, base, first, base)
			if err1 != nil {
				return "", false
			}
			two, err2 := write(t, base, second, parse(t, string(one.Resource)))
			return string(two.Resource), err2 == nil && len(one.Clashes)+len(two.Clashes) == 0
		}
		ab, ok1 := both(a, b)
		ba, ok2 := both(b, a)
		switch { // of two parts that are alike, one order may leave open which was meant
		case ok1 && ok2 && asSet(hides(t, parse(t, ab)).Content) != asSet(hides(t, parse(t, ba)).Content):
			t.Fatalf("%s\nand\n%s\nof %s and %s", ab, ba, a.Raw(), b.Raw())
		case ok1 && ok2:
			same++
		}
	})
	if same < 10 {
		t.Errorf("%d pairs did not clash: too few", same)
	}
}
