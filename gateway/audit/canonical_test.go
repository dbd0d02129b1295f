package audit_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cpagateway/gateway/audit"
)

// anyEntry fills every field of an Entry, whatever fields it has, now and later.
func anyEntry(t *rapid.T) audit.Entry {
	var e audit.Entry
	fill(t, reflect.ValueOf(&e).Elem())
	return e
}

func fill(t *rapid.T, v reflect.Value) {
	if _, isTime := v.Interface().(time.Time); isTime {
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanos")).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, "text"))
	case reflect.Int:
		v.SetInt(rapid.Int64Range(0, 1<<62).Draw(t, "int"))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint"))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.Slice:
		if n := rapid.IntRange(0, 3).Draw(t, "length"); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	default:
		t.Fatalf("an Entry has a field of kind %v that this test cannot fill", v.Kind())
	}
}

// Every field comes back, and the form is canonical: other programs read it
// as JSON, its names are sorted, and what they write from it is the same.
func TestEntryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyEntry(t)
		body := want.Body()
		got, err := audit.ReadEntry(body)
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		var generic map[string]json.RawMessage
		if err := json.Unmarshal(body, &generic); err != nil {
			t.Fatal(err)
		}
		var again strings.Builder
		for _, name := range slices.Sorted(maps.Keys(generic)) {
			if again.Len() > 0 {
				again.WriteByte(',')
			}
			again.WriteString(`"` + name + `":` + string(generic[name]))
		}
		if "{"+again.String()+"}" != string(body) {
			t.Fatalf("the names are not sorted, or there is white space: %s", body)
		}
	})
}

func TestReadEntryTakesTheOneFormOnly(t *testing.T) {
	good := `{"agreementVersion":3,"code":"X","failed":["A","B"],"kind":"request","released":[{"items":["plan.crisis"],"ref":"CarePlan/a/1"}],"time":"2026-03-01T09:00:00.000000000Z"}`
	if _, err := audit.ReadEntry([]byte(good)); err != nil {
		t.Fatalf("the sample is not good: %v", err)
	}
	for name, change := range map[string][2]string{
		"white space":            {`"code":"X"`, `"code": "X"`},
		"order":                  {`"code":"X","failed":["A","B"]`, `"failed":["A","B"],"code":"X"`},
		"unknown member":         {`"code":"X"`, `"code":"X","colour":"red"`},
		"member twice":           {`"code":"X"`, `"code":"X","code":"X"`},
		"other case":             {`"code":"X"`, `"Code":"X"`},
		"escaped":                {`"code":"X"`, `"code":"\u0058"`},
		"empty member":           {`"code":"X"`, `"code":""`},
		"wrong kind":             {`"code":"X"`, `"code":1`},
		"number as text":         {`"agreementVersion":3`, `"agreementVersion":"3"`},
		"number otherwise":       {`"agreementVersion":3`, `"agreementVersion":3.0`},
		"number too large":       {`"agreementVersion":3`, `"agreementVersion":99999999999999999999`},
		"negative":               {`"agreementVersion":3`, `"agreementVersion":-3`},
		"list of one as text":    {`["A","B"]`, `"A"`},
		"list with a number":     {`["A","B"]`, `["A",1]`},
		"unknown inside":         {`"ref":"CarePlan/a/1"`, `"ref":"CarePlan/a/1","x":1`},
		"time without fraction":  {`09:00:00.000000000Z`, `09:00:00Z`},
		"time in another zone":   {`09:00:00.000000000Z`, `10:00:00.000000000+01:00`},
		"no time":                {`2026-03-01`, `2026-13-01`},
		"bytes behind":           {`000Z"}`, `000Z"} `},
		"not an object":          {good, `[]`},
		"nothing":                {good, ``},
		"invalid UTF-8":          {`"code":"X"`, "\"code\":\"\xff\""},
		"replacement by a quote": {`"X"`, `"X\"`},
	} {
		body := strings.Replace(good, change[0], change[1], 1)
		if body == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if e, err := audit.ReadEntry([]byte(body)); err == nil {
			t.Errorf("%s was read as %+v", name, e)
		} else if strings.Contains(err.Error(), "CarePlan/a") {
			t.Errorf("%s: the error repeats the entry: %v", name, err)
		}
	}
}

// Whatever bytes a sink gives back: no panic, and what is read is what was written.
func FuzzReadEntry(f *testing.F) {
	f.Add([]byte(`{"kind":"request","time":"2026-03-01T09:00:00.000000000Z"}`))
	f.Add(audit.Entry{Kind: audit.KindCheckpoint, Note: "a\nb\n\n\u2014 c d\n"}.Body())
	f.Add([]byte(`{"released":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := audit.ReadEntry(body)
		if err == nil && string(e.Body()) != string(body) {
			t.Errorf("%q was read as %q", body, e.Body())
		}
	})
}
