package audit_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
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

// Every field comes back.
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
	})
}

// A list is read back as it was, whatever is in it: of two releases of nothing one was
// lost, and of one without a name of an item the list.
func TestEmptyReleasesAreReadBack(t *testing.T) {
	for _, released := range [][]audit.Release{{{}}, {{}, {}}, {{Items: []string{""}}}} {
		got, err := audit.ReadEntry(audit.Entry{Released: released}.Body())
		if diff := cmp.Diff(released, got.Released); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

// The form as other programs read it: JSON, in the order and under the names of
// the fields, without white space.
func TestEntryForm(t *testing.T) {
	e := audit.Entry{
		Time: start, Kind: audit.KindDecision, At: start.Add(-time.Second), RequestID: "r", Interaction: "read", Type: "CarePlan",
		Params: []string{"_id"}, Status: 200, Client: "c", Organisation: "o", Team: "t", Professional: "p", Role: "nurse", Purpose: "TREAT",
		Decision: 1, Decisions: 2, Custodian: "7A4", Person: "x", Epoch: 3, Outcome: "slice", Deciding: "P3", Code: "C", Failed: []string{"F", "G"},
		Items: []string{"i"}, Obligations: []consent.Obligation{"ALERT"}, Agreement: agreements.Ref{ID: "ISP", Version: 4, Flow: "005", Hash: "ab"},
		Directive: "d", Policy: "h", Released: []audit.Release{{Ref: "CarePlan/a/1", Items: []string{"i"}}},
		Stored: []string{"CarePlan/a/2"}, Source: "\u2014 \"n\"\n", Counts: audit.Counts{Read: 5, Stored: 1, Unchanged: 2, Quarantined: 2, LeftBehind: 9, CameRight: 3},
		Move: "m1", Reference: "ticket-7",
	}
	want := `{"time":"2026-03-01T09:00:00.123456789Z","kind":"decision","at":"2026-03-01T08:59:59.123456789Z","requestId":"r","interaction":"read",` +
		`"type":"CarePlan","params":["_id"],"status":200,"client":"c","organisation":"o","team":"t","professional":"p","role":"nurse","purpose":"TREAT",` +
		`"decision":1,"decisions":2,"custodian":"7A4","person":"x","epoch":3,"outcome":"slice","deciding":"P3","code":"C","failed":["F","G"],"items":["i"],` +
		`"obligations":["ALERT"],"agreement":{"id":"ISP","version":4,"flow":"005","hash":"ab"},"directive":"d","policy":"h",` +
		`"released":[{"ref":"CarePlan/a/1","items":["i"]}],"stored":["CarePlan/a/2"],"source":"— \"n\"\n",` +
		`"counts":{"read":5,"stored":1,"unchanged":2,"quarantined":2,"leftBehind":9,"cameRight":3},"move":"m1","reference":"ticket-7"}`
	if diff := cmp.Diff(want, string(e.Body())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := string(audit.Entry{}.Body()), `{"time":"0001-01-01T00:00:00.000000000Z","kind":""}`; got != want {
		t.Errorf("an empty entry is %s", got)
	}
}

func TestReadEntryTakesTheOneFormOnly(t *testing.T) {
	good := `{"time":"2026-03-01T09:00:00.000000000Z","kind":"request","status":3,"code":"X","failed":["A","B"],"released":[{"ref":"CarePlan/a/1","items":["plan.crisis"]}]}`
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
		"number as text":         {`"status":3`, `"status":"3"`},
		"number otherwise":       {`"status":3`, `"status":3.0`},
		"number too large":       {`"status":3`, `"status":99999999999999999999`},
		"list of one as text":    {`["A","B"]`, `"A"`},
		"list with a number":     {`["A","B"]`, `["A",1]`},
		"unknown inside":         {`"ref":"CarePlan/a/1"`, `"ref":"CarePlan/a/1","x":1`},
		"time without fraction":  {`09:00:00.000000000Z`, `09:00:00Z`},
		"time in another zone":   {`09:00:00.000000000Z`, `10:00:00.000000000+01:00`},
		"no time":                {`2026-03-01`, `2026-13-01`},
		"other case inside":      {`"ref"`, `"Ref"`},
		"null":                   {`"code":"X"`, `"code":null`},
		"bytes behind":           {`}]}`, `}]} `},
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
	f.Add([]byte(`{"time":"2026-03-01T09:00:00.000000000Z","kind":"request"}`))
	f.Add(audit.Entry{Kind: audit.KindImport, Source: "a\nb\n\n\u2014 c d\n"}.Body())
	f.Add([]byte(`{"released":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := audit.ReadEntry(body)
		if err == nil && string(e.Body()) != string(body) {
			t.Errorf("%q was read as %q", body, e.Body())
		}
	})
}
