package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cpagateway/gateway/linkage"
	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// standingView is a person in doubt as it is printed: ids and codes.
type standingView struct {
	Person    profiles.PersonID `json:"person"`
	Doubts    []persons.Doubt   `json:"doubts"`
	Since     time.Time         `json:"since,omitzero"`
	Custodian profiles.OrgCode  `json:"custodian,omitempty"`
	Source    string            `json:"source,omitempty"`
	Patient   string            `json:"patient,omitempty"`
	ApartFrom profiles.PersonID `json:"apartFrom,omitempty"`
}

func standingOf(s persons.Standing) standingView {
	return standingView{s.Person, slices.Concat([]persons.Doubt{}, s.Doubts), s.Since, s.Custodian, s.Source, s.Patient, s.Apart}
}

func (v standingView) doubts() string {
	var codes []string
	for _, d := range v.Doubts {
		codes = append(codes, string(d))
	}
	return strings.Join(codes, " ")
}

func listPersons(w world, place where, asJSON bool) error {
	return list(w, place, asJSON, store.Snapshot.Unresolved, standingOf, "person\tsince\tin doubt\tcustodian\tsource\tPatient\tapart from", func(v standingView) []any {
		return []any{v.Person, v.Since.Format(time.DateOnly), v.doubts(), v.Custodian, v.Source, v.Patient, v.ApartFrom}
	})
}

// moveView is a move as it is printed.
type moveView struct {
	ID        string            `json:"id"`
	Kind      persons.Kind      `json:"kind"`
	At        time.Time         `json:"at"`
	From      profiles.PersonID `json:"from"`
	To        profiles.PersonID `json:"to"`
	Resources []string          `json:"resources"`
	Ground    string            `json:"ground,omitempty"`
	Undoes    string            `json:"undoes,omitempty"`
}

func viewOfMove(m persons.Move) moveView {
	return moveView{m.ID, m.Kind, m.At, m.From, m.To, slices.Concat([]string{}, m.Resources), m.Reference, m.Undoes}
}

func listMoves(w world, place where, asJSON bool) error {
	return list(w, place, asJSON, store.Snapshot.Moves, viewOfMove, "move\tkind\tat\tfrom\tto\tresources\tground\tundoes", func(v moveView) []any {
		return []any{v.ID, v.Kind, v.At.Format(time.RFC3339), v.From, v.To, len(v.Resources), v.Ground, v.Undoes}
	})
}

func showMove(out io.Writer, m persons.Move, asJSON bool) error {
	if asJSON {
		return printJSON(out, viewOfMove(m))
	}
	what := fmt.Sprintf("%s went from %s to %s", plural(len(m.Resources), "resource", "resources"), m.From, m.To)
	if m.From == m.To {
		what = string(m.From)
	}
	_, err := fmt.Fprintf(out, "%s: %s: %s\n", m.ID, m.Kind, what)
	if err == nil && m.Kind != persons.Undo {
		_, err = fmt.Fprintf(out, "To take it back: cpa-gateway person undo %s --ground REFERENCE\n", m.ID)
	}
	return err
}

// inquiryView is what is in doubt about a person as it is printed. Names, dates and
// clinical text never are.
type inquiryView struct {
	standingView
	Records  []shareView     `json:"records"`
	Patients []patientView   `json:"patients"`
	Beside   []neighbourView `json:"beside"`
}

// shareView is how many of a type a custodian holds.
type shareView struct {
	Custodian profiles.OrgCode `json:"custodian"`
	Type      string           `json:"type"`
	Count     int              `json:"count"`
}

type patientView struct {
	ID          string           `json:"id"`
	Custodian   profiles.OrgCode `json:"custodian"`
	Source      string           `json:"source"`
	Stored      time.Time        `json:"stored"`
	Identifiers []string         `json:"identifiers,omitempty"` // where they are asked for, as system|value
}

type neighbourView struct {
	Person  profiles.PersonID `json:"person"`
	Verdict string            `json:"verdict"`
	Reasons []matching.Reason `json:"reasons"`
}

func inquiryOf(q linkage.Inquiry) inquiryView {
	v := inquiryView{standingView: standingOf(q.Standing), Records: []shareView{}, Patients: []patientView{}, Beside: []neighbourView{}}
	for _, one := range q.Held {
		i := slices.IndexFunc(v.Records, func(s shareView) bool { return s.Custodian == one.Custodian && s.Type == one.Type })
		if i < 0 {
			i = len(v.Records)
			v.Records = append(v.Records, shareView{one.Custodian, one.Type, 0})
		}
		v.Records[i].Count++
	}
	for _, p := range q.Patients {
		v.Patients = append(v.Patients, patientView{ID: p.Version.ID, Custodian: p.Version.Custodian, Source: p.Version.Source, Stored: p.Version.Stored})
	}
	for _, n := range q.Beside {
		v.Beside = append(v.Beside, neighbourView{n.Person, n.Verdict.String(), slices.Concat([]matching.Reason{}, n.Reasons)})
	}
	return v
}

// identify adds the identifiers by which the sources know the person.
func (v inquiryView) identify(q linkage.Inquiry) {
	for i, p := range q.Patients {
		resource, err := fhir.ParseResource(p.Version.Body)
		if err != nil {
			continue // it was read when it was stored
		}
		for _, id := range records.Identifiers(resource) {
			v.Patients[i].Identifiers = append(v.Patients[i].Identifiers, id.System+"|"+id.Value)
		}
	}
}

func showInquiry(out io.Writer, v inquiryView, asJSON bool) error {
	if asJSON {
		return printJSON(out, v)
	}
	t := columns(out)
	fmt.Fprintf(t, "person\t%s\n", v.Person)
	if len(v.Doubts) > 0 {
		fmt.Fprintf(t, "in doubt\t%s, since %s\n", v.doubts(), v.Since.Format(time.DateOnly))
	}
	if v.ApartFrom != "" {
		fmt.Fprintf(t, "apart from\t%s\n", v.ApartFrom)
	}
	for _, s := range v.Records {
		fmt.Fprintf(t, "of %s\t%d %s\n", s.Custodian, s.Count, s.Type)
	}
	for _, p := range v.Patients {
		fmt.Fprintf(t, "Patient\t%s of %s, source %s, stored %s\n", p.ID, p.Custodian, p.Source, p.Stored.Format(time.RFC3339))
		for _, id := range p.Identifiers {
			fmt.Fprintf(t, "\t%s\n", id)
		}
	}
	for _, n := range v.Beside {
		fmt.Fprintf(t, "beside\t%s: %s %v\n", n.Person, n.Verdict, n.Reasons)
	}
	return t.Flush()
}
