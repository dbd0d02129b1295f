package merge_test

import (
	"errors"
	"strings"
	"testing"

	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

func parse(t interface {
	Helper()
	Fatalf(string, ...any)
}, src string) fhir.Value {
	t.Helper()
	v, err := fhir.Parse([]byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return v
}

// hides is a view of a resource that leaves out what is marked "hidden", at any depth.
func hides(t interface {
	Helper()
	Fatalf(string, ...any)
}, resource fhir.Value) merge.View {
	from := map[int]fhir.Value{}
	content := show(nil, resource, from)
	return merge.View{Content: parse(t, string(content)), From: func(v fhir.Value) fhir.Value { return from[v.Offset()] }}
}

func isHidden(name string, v fhir.Value) bool {
	return strings.HasPrefix(name, "hidden") || strings.HasPrefix(name, "_hidden") || v.Get("hide").Bool()
}

// show appends what is shown of a value, and notes of each element of a list where it is from.
func show(dst []byte, v fhir.Value, from map[int]fhir.Value) []byte {
	switch v.Kind() {
	case fhir.Object:
		dst = append(dst, '{')
		for name, member := range v.Members() {
			if isHidden(name, member) {
				continue
			}
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			mark := len(dst)
			dst = append(fhir.AppendString(dst, name), ':')
			before := len(dst)
			if dst = show(dst, member, from); string(dst[before:]) == "[]" {
				if dst = dst[:mark]; dst[len(dst)-1] == ',' {
					dst = dst[:len(dst)-1]
				}
			}
		}
		return append(dst, '}')
	case fhir.Array:
		dst = append(dst, '[')
		for element := range v.Each() {
			if isHidden("", element) {
				continue
			}
			if dst[len(dst)-1] != '[' {
				dst = append(dst, ',')
			}
			from[len(dst)] = element
			dst = show(dst, element, from)
		}
		return append(dst, ']')
	}
	return append(dst, v.Raw()...)
}

func TestMerge(t *testing.T) {
	for name, c := range map[string]struct{ base, mine, now, want, clashes string }{
		"nothing":                              {`{"a":1}`, `{"a":1}`, `{"a":2,"b":3}`, `{"a":2,"b":3}`, ``},
		"a member":                             {`{"a":1,"b":2}`, `{"a":1,"b":3}`, `{"a":7,"b":2}`, `{"a":7,"b":3}`, ``},
		"a new member":                         {`{"a":1}`, `{"a":1,"b":3}`, `{"a":1}`, `{"a":1,"b":3}`, ``},
		"a member taken away":                  {`{"a":1,"b":2}`, `{"a":1}`, `{"a":1,"b":2,"hidden":3}`, `{"a":1,"hidden":3}`, ``},
		"a member that both changed":           {`{"a":1}`, `{"a":2}`, `{"a":3}`, `{"a":3}`, `a 2 3`},
		"a member that both changed alike":     {`{"a":1}`, `{"a":2}`, `{"a":2.0}`, `{"a":2.0}`, ``},
		"a member that they took away":         {`{"a":1}`, `{"a":2}`, `{}`, `{}`, `a 2 `},
		"a member that both took away":         {`{"a":1,"b":1}`, `{"b":1}`, `{"b":1}`, `{"b":1}`, ``},
		"a member that we took, they changed":  {`{"a":1}`, `{}`, `{"a":2}`, `{"a":2}`, `a  2`},
		"a number in another precision":        {`{"a":1.10,"b":1}`, `{"a":1.1,"b":2}`, `{"a":1.10,"b":1}`, `{"a":1.10,"b":2}`, ``},
		"a part of a list":                     {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":3}]}`, `{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":3}]}`, ``},
		"each another part":                    {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":3}]}`, `{"l":[{"x":4},{"x":2}]}`, `{"l":[{"x":4},{"x":3}]}`, ``},
		"both the same part":                   {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":3}]}`, `{"l":[{"x":1},{"x":4}]}`, `{"l":[{"x":1},{"x":4}]}`, `l {"x":3} {"x":4}`},
		"a part that they ended":               {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":3}]}`, `{"l":[{"x":1}]}`, `{"l":[{"x":1}]}`, `l {"x":3} `},
		"a part that both ended":               {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1}]}`, `{"l":[{"x":1}]}`, `{"l":[{"x":1}]}`, ``},
		"a part that we ended, they changed":   {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1}]}`, `{"l":[{"x":1},{"x":4}]}`, `{"l":[{"x":1},{"x":4}]}`, `l  {"x":4}`},
		"a part that both added":               {`{"l":[{"x":1}]}`, `{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":2}]}`, ``},
		"each a part":                          {`{"l":[{"x":1}]}`, `{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":3}]}`, `{"l":[{"x":1},{"x":3},{"x":2}]}`, ``},
		"the same part twice":                  {`{"l":[{"x":1}]}`, `{"l":[{"x":1},{"x":1}]}`, `{"l":[{"x":1}]}`, `{"l":[{"x":1},{"x":1}]}`, ``},
		"one of two that are alike":            {`{"l":[{"x":1},{"x":1}]}`, `{"l":[{"x":1}]}`, `{"l":[{"x":1},{"x":1}]}`, `{"l":[{"x":1}]}`, ``},
		"another order":                        {`{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":2},{"x":1}]}`, `{"l":[{"x":1},{"x":2}]}`, `{"l":[{"x":1},{"x":2}]}`, ``},
		"the whole list":                       {`{"l":[{"x":1}]}`, `{}`, `{"l":[{"x":1},{"x":2,"hide":true}]}`, `{"l":[{"x":2,"hide":true}]}`, ``},
		"a list that is left empty":            {`{"l":[{"x":1}],"a":1}`, `{"a":1}`, `{"l":[{"x":1}],"a":1}`, `{"a":1}`, ``},
		"a list beside a hidden one":           {`{}`, `{"l":[{"x":1}]}`, `{"l":[{"x":2,"hide":true}]}`, `{"l":[{"x":2,"hide":true},{"x":1}]}`, ``},
		"what is hidden in a part stays":       {`{"l":[{"x":1,"y":1}]}`, `{"l":[{"x":2,"y":1}]}`, `{"l":[{"x":1,"hidden":9,"y":1}]}`, `{"l":[{"x":2,"hidden":9,"y":1}]}`, ``},
		"what is hidden in a part ends":        {`{"l":[{"x":1},{"x":3}]}`, `{"l":[{"x":3}]}`, `{"l":[{"x":1,"hidden":9},{"x":3}]}`, `{"l":[{"x":3}]}`, ``},
		"a list in a part, with hidden parts":  {`{"l":[{"m":[{"x":1},{"x":2}]}]}`, `{"l":[{"m":[{"x":2},{"x":3}]}]}`, `{"l":[{"m":[{"x":1},{"x":8,"hide":true},{"x":2}]}]}`, `{"l":[{"m":[{"x":8,"hide":true},{"x":2},{"x":3}]}]}`, ``},
		"a list of texts is one":               {`{"l":["a","b"]}`, `{"l":["a","c"]}`, `{"l":["a","b"]}`, `{"l":["a","c"]}`, ``},
		"another target":                       {`{"r":{"reference":"A/1"}}`, `{"r":{"reference":"A/2"}}`, `{"r":{"reference":"A/1","hidden":"Dr X"}}`, `{"r":{"reference":"A/2"}}`, ``},
		"what a client shows of a reference":   {`{"r":{"reference":"A/1"},"b":1}`, `{"r":{"display":"x","reference":"A/1"},"b":2}`, `{"r":{"reference":"A/1","hidden":"Dr X"},"b":1}`, `{"r":{"reference":"A/1","hidden":"Dr X"},"b":2}`, ``},
		"the gateway's own":                    {`{"a":1}`, `{"meta":{"x":1},"a":2}`, `{"meta":{"x":2},"a":1}`, `{"meta":{"x":2},"a":2}`, ``},
		"a name that somebody else had hidden": {`{"a":[{"x":1}]}`, `{"a":[{"x":1}],"b":[{"y":1}]}`, `{"a":[{"x":1}],"b":[{"y":2,"hide":true}]}`, `{"a":[{"x":1}],"b":[{"y":2,"hide":true},{"y":1}]}`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			now := parse(t, c.now)
			got, err := merge.Merge(parse(t, c.base), parse(t, c.mine), hides(t, now), now, "meta")
			if err != nil {
				t.Fatal(err)
			}
			var clashes []string
			for _, clash := range got.Clashes {
				clashes = append(clashes, clash.Member+" "+string(clash.Mine.Raw())+" "+string(clash.Theirs.Raw()))
			}
			if string(got.Resource) != c.want || strings.Join(clashes, ", ") != c.clashes {
				t.Errorf("made %s with clashes %q, want %s with %q", got.Resource, clashes, c.want, c.clashes)
			}
			if changed := c.want != c.now; changed != (len(got.Edits) > 0) {
				t.Errorf("%d edits", len(got.Edits))
			}
		})
	}
}

// What a writer does not see is not changed by being written over.
func TestWhatIsHiddenIsNotWrittenOver(t *testing.T) {
	for name, c := range map[string]struct{ base, mine, now string }{
		"a member":                         {`{"a":1}`, `{"a":1,"hidden":2}`, `{"a":1,"hidden":3}`},
		"a member of a part":               {`{"p":{"a":1}}`, `{"p":{"a":1,"hidden":2}}`, `{"p":{"a":1,"hidden":3}}`},
		"what stands with a value":         {`{"a":"x"}`, `{"a":"y"}`, `{"a":"x","_a":{"hide":true}}`},
		"what stands with a value within":  {`{"p":{"a":"x"}}`, `{"p":{"a":"y"}}`, `{"p":{"a":"x","_a":{"hide":true}}}`},
		"a value taken away from under it": {`{"a":"x","b":1}`, `{"b":1}`, `{"a":"x","b":1,"_a":{"hide":true}}`},
		"another kind over a list":         {`{"l":[{"x":1}]}`, `{"l":{"x":1}}`, `{"l":[{"x":1},{"hide":true}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			now := parse(t, c.now)
			if got, err := merge.Merge(parse(t, c.base), parse(t, c.mine), hides(t, now), now); !errors.Is(err, merge.ErrHidden) {
				t.Errorf("made %s, %v", got.Resource, err)
			}
		})
	}
}

func TestAListThatIsTooLong(t *testing.T) {
	long := `{"l":[` + strings.Repeat(`{"x":1},`, 300) + `{"x":1}]}`
	now := parse(t, `{}`)
	if _, err := merge.Merge(now, parse(t, long), merge.View{Content: now}, now); !errors.Is(err, merge.ErrTooLong) {
		t.Errorf("%v", err)
	}
}
