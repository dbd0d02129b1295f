package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"cpagateway/consent/agreements"
	"cpagateway/profiles/fhir"
)

// Body is the entry as the chain keeps it. An entry has exactly one body: the
// members stand in the order of the fields, empty ones are left out, there is no
// white space, numbers are integers and times have nine decimals.
func (e Entry) Body() []byte {
	body := e.unstamped()
	stamp(body, e.Time)
	return body
}

const (
	instantForm = "2006-01-02T15:04:05.000000000Z"
	beforeTime  = `{"time":"`
)

// stamp puts the time of its recording into a body: all else is known before, and written by
// whoever records.
func stamp(body []byte, at time.Time) {
	at.UTC().AppendFormat(body[len(beforeTime):len(beforeTime)], instantForm)
}

// unstamped is the body with room for its time, which is always as long.
func (e Entry) unstamped() []byte {
	w := fhir.NewWriter(make([]byte, 0, 1536)) // of a crisis read
	w.BeginObject()
	w.Member("time", instantForm)
	w.Name("kind").String(string(e.Kind))
	instant(w, "at", e.At)
	w.Member("requestId", e.RequestID)
	w.Member("interaction", e.Interaction)
	w.Member("type", e.Type)
	list(w, "params", e.Params)
	number(w, "status", e.Status)
	w.Member("client", string(e.Client))
	w.Member("organisation", string(e.Organisation))
	w.Member("team", string(e.Team))
	w.Member("professional", e.Professional)
	w.Member("role", e.Role)
	w.Member("purpose", string(e.Purpose))
	number(w, "decision", e.Decision)
	number(w, "decisions", e.Decisions)
	w.Member("custodian", string(e.Custodian))
	w.Member("person", string(e.Person))
	if e.Epoch != 0 {
		w.Name("epoch").Raw(strconv.AppendUint(nil, e.Epoch, 10))
	}
	w.Member("outcome", e.Outcome)
	w.Member("deciding", e.Deciding)
	w.Member("code", e.Code)
	list(w, "failed", e.Failed)
	list(w, "items", e.Items)
	list(w, "obligations", e.Obligations)
	agreement(w, e.Agreement)
	w.Member("directive", e.Directive)
	w.Member("policy", e.Policy)
	released(w, e.Released)
	list(w, "stored", e.Stored)
	w.Member("source", e.Source)
	counts(w, e.Counts)
	w.Member("move", e.Move)
	w.Member("reference", e.Reference)
	w.Member("glass", string(e.Glass))
	w.Member("grant", e.Grant)
	w.Member("words", e.Words)
	w.EndObject()
	return w.Bytes()
}

func instant(w *fhir.Writer, name string, t time.Time) {
	if !t.IsZero() {
		w.Member(name, t.UTC().Format(instantForm))
	}
}

func number(w *fhir.Writer, name string, n int) {
	if n != 0 {
		w.Name(name).Int(int64(n))
	}
}

func list[T ~string](w *fhir.Writer, name string, list []T) {
	if len(list) == 0 {
		return
	}
	w.Name(name).Array(func() {
		for _, s := range list {
			w.String(string(s))
		}
	})
}

func agreement(w *fhir.Writer, a agreements.Ref) {
	if a == (agreements.Ref{}) {
		return
	}
	w.Name("agreement").Object(func() {
		w.Member("id", a.ID)
		number(w, "version", a.Version)
		w.Member("flow", a.Flow)
		w.Member("hash", a.Hash)
	})
}

func released(w *fhir.Writer, releases []Release) {
	if len(releases) == 0 {
		return
	}
	w.Name("released").Array(func() {
		for _, r := range releases {
			w.Object(func() {
				w.Member("ref", r.Ref)
				list(w, "items", r.Items)
			})
		}
	})
}

func counts(w *fhir.Writer, c Counts) {
	if c == (Counts{}) {
		return
	}
	w.Name("counts").Object(func() {
		number(w, "read", c.Read)
		number(w, "stored", c.Stored)
		number(w, "unchanged", c.Unchanged)
		number(w, "quarantined", c.Quarantined)
		number(w, "leftBehind", c.LeftBehind)
		number(w, "cameRight", c.CameRight)
	})
}

// errNotABody says nothing of what was found instead: that may be anybody's data.
var errNotABody = errors.New("reading an audit entry: it is not in the form in which this version writes entries")

// ReadEntry reads a body back. It accepts only what Body writes, byte for byte:
// a member that it does not know, or one twice, is an error and not an omission.
func ReadEntry(body []byte) (Entry, error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil || !bytes.Equal(e.Body(), body) {
		return Entry{}, errNotABody
	}
	return e, nil
}
