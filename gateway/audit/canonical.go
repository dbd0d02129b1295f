package audit

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cpagateway/consent"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Body is the entry as the chain keeps it: canonical JSON, which is to say that
// an entry has exactly one body. Members stand in the order of their names,
// empty ones are left out, numbers are integers, times have nine decimals.
func (e Entry) Body() []byte {
	w := fhir.NewWriter(make([]byte, 0, 1024))
	w.BeginObject()
	for _, f := range fields {
		f.write(&e, w, f.name)
	}
	w.EndObject()
	return w.Bytes()
}

var errNotCanonical = errors.New("reading an audit entry: it is not in the form in which this version writes entries")

// ReadEntry reads a body back. It accepts only what Body writes, byte for byte:
// a member that it does not know, or one twice, is an error and not an omission.
func ReadEntry(body []byte) (Entry, error) {
	v, err := fhir.Parse(body)
	if err != nil {
		return Entry{}, fmt.Errorf("reading an audit entry: %w", err)
	}
	var e Entry
	for _, f := range fields {
		if member := v.Get(f.name); member.Exists() {
			f.read(&e, member)
		}
	}
	if !bytes.Equal(e.Body(), body) {
		return Entry{}, errNotCanonical
	}
	return e, nil
}

// field is one member of the JSON. What read cannot make sense of it leaves
// empty, and ReadEntry then finds that the body is another one.
type field struct {
	name  string
	write func(e *Entry, w *fhir.Writer, name string)
	read  func(e *Entry, v fhir.Value)
}

// fields is the JSON of an entry, in the order of the names: the table is the
// canonical order, a test holds it to that.
var fields = [...]field{
	text("agreement", func(e *Entry) *string { return &e.Agreement.ID }),
	text("agreementFlow", func(e *Entry) *string { return &e.Agreement.Flow }),
	text("agreementHash", func(e *Entry) *string { return &e.Agreement.Hash }),
	number("agreementVersion", func(e *Entry) *int { return &e.Agreement.Version }),
	instant("at", func(e *Entry) *time.Time { return &e.At }),
	text("client", func(e *Entry) *consent.ClientID { return &e.Client }),
	text("code", func(e *Entry) *string { return &e.Code }),
	number("countLeftBehind", func(e *Entry) *int { return &e.Counts.LeftBehind }),
	number("countQuarantined", func(e *Entry) *int { return &e.Counts.Quarantined }),
	number("countRead", func(e *Entry) *int { return &e.Counts.Read }),
	number("countStored", func(e *Entry) *int { return &e.Counts.Stored }),
	number("countUnchanged", func(e *Entry) *int { return &e.Counts.Unchanged }),
	text("deciding", func(e *Entry) *string { return &e.Deciding }),
	text("directive", func(e *Entry) *string { return &e.Directive }),
	number("epoch", func(e *Entry) *uint64 { return &e.Epoch }),
	list("failed", func(e *Entry) *[]string { return &e.Failed }),
	text("interaction", func(e *Entry) *string { return &e.Interaction }),
	list("items", func(e *Entry) *[]string { return &e.Items }),
	text("kind", func(e *Entry) *Kind { return &e.Kind }),
	text("note", func(e *Entry) *string { return &e.Note }),
	list("obligations", func(e *Entry) *[]consent.Obligation { return &e.Obligations }),
	text("organisation", func(e *Entry) *profiles.OrgCode { return &e.Organisation }),
	text("outcome", func(e *Entry) *string { return &e.Outcome }),
	list("params", func(e *Entry) *[]string { return &e.Params }),
	text("person", func(e *Entry) *profiles.PersonID { return &e.Person }),
	text("policy", func(e *Entry) *string { return &e.Policy }),
	text("professional", func(e *Entry) *string { return &e.Professional }),
	text("purpose", func(e *Entry) *profiles.Purpose { return &e.Purpose }),
	{"released", writeReleased, readReleased},
	text("requestId", func(e *Entry) *string { return &e.RequestID }),
	text("role", func(e *Entry) *string { return &e.Role }),
	text("source", func(e *Entry) *string { return &e.Source }),
	number("status", func(e *Entry) *int { return &e.Status }),
	text("team", func(e *Entry) *profiles.TeamID { return &e.Team }),
	instant("time", func(e *Entry) *time.Time { return &e.Time }),
	text("type", func(e *Entry) *string { return &e.Type }),
}

func text[T ~string](name string, at func(*Entry) *T) field {
	return field{
		name:  name,
		write: func(e *Entry, w *fhir.Writer, name string) { w.Member(name, string(*at(e))) },
		read:  func(e *Entry, v fhir.Value) { *at(e) = T(v.Text()) },
	}
}

func number[T int | uint64](name string, at func(*Entry) *T) field {
	return field{
		name: name,
		write: func(e *Entry, w *fhir.Writer, name string) {
			if n := *at(e); n != 0 {
				w.Name(name)
				w.Raw(fmt.Append(nil, n))
			}
		},
		read: func(e *Entry, v fhir.Value) {
			if n, err := strconv.ParseUint(string(v.Raw()), 10, 64); err == nil {
				*at(e) = T(n)
			}
		},
	}
}

const instantForm = "2006-01-02T15:04:05.000000000Z"

func instant(name string, at func(*Entry) *time.Time) field {
	return field{
		name: name,
		write: func(e *Entry, w *fhir.Writer, name string) {
			if t := *at(e); !t.IsZero() {
				w.Member(name, t.UTC().Format(instantForm))
			}
		},
		read: func(e *Entry, v fhir.Value) {
			if t, err := time.Parse(instantForm, v.Text()); err == nil {
				*at(e) = t
			}
		},
	}
}

func list[T ~string](name string, at func(*Entry) *[]T) field {
	return field{
		name:  name,
		write: func(e *Entry, w *fhir.Writer, name string) { writeList(w, name, *at(e)) },
		read:  func(e *Entry, v fhir.Value) { *at(e) = readList[T](v) },
	}
}

func writeList[T ~string](w *fhir.Writer, name string, list []T) {
	if len(list) == 0 {
		return
	}
	w.Name(name)
	w.BeginArray()
	for _, s := range list {
		w.String(string(s))
	}
	w.EndArray()
}

func readList[T ~string](v fhir.Value) []T {
	var list []T
	for s := range v.Each() {
		list = append(list, T(s.Text()))
	}
	return list
}

func writeReleased(e *Entry, w *fhir.Writer, name string) {
	if len(e.Released) == 0 {
		return
	}
	w.Name(name)
	w.BeginArray()
	for _, r := range e.Released {
		w.BeginObject()
		writeList(w, "items", r.Items)
		w.Member("ref", r.Ref)
		w.EndObject()
	}
	w.EndArray()
}

func readReleased(e *Entry, v fhir.Value) {
	for r := range v.Each() {
		e.Released = append(e.Released, Release{Ref: r.Get("ref").Text(), Items: readList[string](r.Get("items"))})
	}
}
