package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/records"
	"cpagateway/gateway/road"
	"cpagateway/profiles"
)

// runConsent answers the question that everybody asks in the end: why may, or
// may not, this caller see this person's record?
func runConsent(w world, args []string) error {
	f := w.flags("consent explain", "(--data DIR | --config FILE) --person NHS-NUMBER --caller NAME|ORGANISATION/TEAM [--purpose P] [--at TIME] [--json]")
	if len(args) == 0 || args[0] != "explain" {
		f.Usage()
		return errUsage
	}
	place := whereFlags(f)
	person := f.String("person", "", "NHS `number`")
	caller := f.String("caller", "", "one of the demo's `callers`, or an organisation and a team as ODS/team")
	purpose := f.String("purpose", "", "purpose of use, such as COC or ETREAT (default: the demo caller's own)")
	typ := f.String("type", "CarePlan", "FHIR `type` asked for")
	at := f.String("at", "", "the `time` asked about, as RFC 3339 (default: now)")
	asJSON := f.Bool("json", false, "print as JSON")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	asked, err := callerNamed(*caller, consent.Purpose(*purpose))
	if err != nil {
		return err
	}
	moment := w.clock()
	if *at != "" {
		if moment, err = time.Parse(time.RFC3339, *at); err != nil {
			return misuse("--at: %v", err)
		}
	}
	s, err := place.open(w)
	if err != nil {
		return err
	}
	defer s.Close()
	number, err := profiles.NHSNumber(*person)
	if number == "" {
		return misuse("--person: %v", err)
	}
	id, err := s.store.Person(w.ctx, profiles.SystemNHSNumber, number)
	if err != nil && !errors.Is(err, records.ErrNothing) {
		return err
	}
	subject, custodian, err := road.Facts(w.ctx, s.store, id, s.config.Organisation)
	if err != nil {
		return err
	}
	explanation := consent.Decide(consent.Request{
		Caller: asked, Action: consent.Search, Type: *typ, Wanted: road.Wanted(*typ, asked.Purpose),
		At: moment, Register: s.register.Load(), Policy: s.config.Policy, Person: subject, Source: custodian,
	}).Explain()
	if *asJSON {
		return printJSON(w.out, explanation)
	}
	return tell(w, explanation)
}

// callerNamed makes the caller of a question: a name of the demo's cast, or an
// organisation and a team.
func callerNamed(name string, purpose consent.Purpose) (consent.Caller, error) {
	scopes := []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true}}
	for _, c := range demo.Callers {
		if c.Name == name {
			if purpose == "" && len(c.Purposes) > 0 {
				purpose = c.Purposes[0]
			}
			return consent.Caller{Client: c.Client, Organisation: c.Organisation, Team: c.Team, Person: c.Person, Role: c.Role, Purpose: purpose, Scopes: scopes}, nil
		}
	}
	organisation, team, ok := strings.Cut(name, "/")
	if !ok || organisation == "" || team == "" {
		return consent.Caller{}, misuse("--caller: name a caller of the demo, or an organisation and a team as ODS/team")
	}
	return consent.Caller{
		Client: "explain", Organisation: consent.OrgCode(organisation), Team: consent.TeamID(team), Purpose: purpose, Scopes: scopes,
	}, nil
}

// tell prints an explanation for a person to read.
func tell(w world, e consent.Explanation) error {
	fmt.Fprintf(w.out, "%s, decided by %s\n\n", strings.ToUpper(e.Outcome), e.Deciding)
	t := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	for _, r := range e.Rules {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.ID, r.Outcome, r.Code, r.Text)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	lines := []struct{ name, value string }{
		{"may see", strings.Join(e.Items, ", ")}, {"withheld", strings.Join(e.Withheld, ", ")},
		{"agreement", e.Agreement}, {"directive", e.Directive},
	}
	fmt.Fprintln(w.out)
	for _, l := range lines {
		if l.value != "" {
			fmt.Fprintf(w.out, "%s: %s\n", l.name, l.value)
		}
	}
	for _, o := range e.Obligations {
		fmt.Fprintf(w.out, "also: %s\n", o)
	}
	return nil
}
