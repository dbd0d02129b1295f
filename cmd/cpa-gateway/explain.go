package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/demo"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

func consentCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "consent", Short: "explain why a caller may or may not see a person's record"}
	c.AddCommand(explainCommand(w))
	return c
}

// explainOptions is how consent explain was called.
type explainOptions struct {
	place                        where
	person, caller, purpose, typ string
	action, glass                string
	at                           time.Time
	lang                         language.Tag
	asJSON                       bool
}

func explainCommand(w world) *cobra.Command {
	var o explainOptions
	c := &cobra.Command{
		Use: "explain --person NHS-NUMBER --caller CALLER", Short: "say why a caller may or may not see a person's record, rule by rule", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(w) },
	}
	o.place.flags(c)
	f := c.Flags()
	f.StringVar(&o.person, "person", "", "NHS `number`")
	f.StringVar(&o.caller, "caller", "", "a `client` of the configuration, with --data one of the demo's callers, or an organisation and a team as ODS/team")
	f.StringVar(&o.purpose, "purpose", "", "`purpose` of use, such as COC or ETREAT (default: the first of the client's own)")
	f.StringVar(&o.typ, "type", "CarePlan", "FHIR `type` asked for")
	f.StringVar(&o.action, "action", "search", "`action` asked for: read, search, create, update or delete")
	f.StringVar(&o.glass, "glass", "", "as a professional who may, and who broke the glass for this `reason`")
	f.TimeVar(&o.at, "at", time.Time{}, []string{time.RFC3339, time.DateOnly}, "the `time` or day asked about (default: now)")
	f.Var(langFlag{&o.lang}, "lang", "`language` of the words: en or cy")
	f.BoolVar(&o.asJSON, "json", false, "print as JSON")
	require(c, "person", "caller")
	return c
}

func (o explainOptions) run(w world) error {
	if o.at.IsZero() {
		o.at = w.clock()
	}
	action, known := consent.Actions[o.action]
	if !known {
		return misuse("--action: %q is none of read, search, create, update and delete", o.action)
	}
	served := slices.DeleteFunc(profiles.ServedTypes(), func(typ string) bool { return len(search.Definitions(typ)) == 0 })
	if !slices.Contains(served, o.typ) {
		return misuse("--type: one of %s", strings.Join(served, ", "))
	}
	return o.place.within(w, func(s *site) error { return o.explain(w, s, action) })
}

// explain says why the caller may, or may not, see the person's record. Each custodian
// that holds one is asked by itself.
func (o explainOptions) explain(w world, s *site, action consent.Action) error {
	callers := namedClients(s.config.Identity.Clients)
	if o.place.data != "" {
		callers = namedCast() // nobody is registered in a data folder
	}
	purpose := profiles.Purpose(o.purpose)
	if o.glass != "" {
		purpose = cmp.Or(purpose, profiles.BreakGlass)
	}
	asked, err := callerNamed(callers, o.caller, purpose)
	if err != nil {
		return err
	}
	number, err := profiles.NHSNumber(o.person)
	if number == "" {
		return misuse("--person: %v", err)
	}
	var held records.Holdings
	var person profiles.PersonID
	err = s.store.View(w.ctx, func(now store.Snapshot) error {
		if person, err = personNamed(now, number); err != nil {
			return err
		}
		held, err = now.Holdings(person)
		return err
	})
	if err == nil {
		err = s.looked(w, "consent-explain", person, "")
	}
	if err != nil {
		return err
	}
	question := consent.Request{Caller: asked, Action: action, Type: o.typ, At: o.at, Register: s.register.Load(), Policy: s.config.Policy}
	if o.glass != "" {
		question.Glass = consent.Glass{Reason: consent.GlassReason(o.glass), Person: person, At: o.at}
		question.Caller.Person = cmp.Or(asked.Person, "somebody")
		question.Caller.Role = cmp.Or(asked.Role, first(s.config.Policy.BreakGlass.Roles))
	}
	var all []explained
	for _, custodian := range held.CustodiansOr(s.config.Organisation) {
		about := held.At(custodian)
		all = append(all, explained{Custodian: custodian, Explanation: consent.Decide(question.For(custodian, &about)).Explain(o.lang)})
	}
	slices.SortStableFunc(all, func(a, b explained) int { return cmp.Compare(opens[b.Outcome], opens[a.Outcome]) })
	if o.asJSON {
		all[0].Others = all[1:]
		return printJSON(w.out, all[0])
	}
	for _, e := range all {
		if err := printExplanation(w.out, e, o.lang); err != nil {
			return err
		}
	}
	return nil
}

// opens ranks the outcomes: what opens most is told first.
var opens = map[string]int{consent.Slice.String(): 1, consent.Permit.String(): 2}

// explained is the answer for one custodian's records.
type explained struct {
	Custodian profiles.OrgCode `json:"custodian"`
	consent.Explanation
	Others []explained `json:"others,omitempty"` // of the other custodians that hold something about the person
}

// callerNamed makes the caller of a question: a client, or an organisation and a team.
func callerNamed(known []named, name string, purpose profiles.Purpose) (consent.Caller, error) {
	id, team, teamGiven := strings.Cut(name, "/")
	caller := consent.Caller{Client: "explain", Organisation: profiles.OrgCode(id), Team: profiles.TeamID(team)}
	if n := slices.IndexFunc(known, func(k named) bool { return k.name == id }); n >= 0 {
		k := known[n]
		if !teamGiven {
			team = string(first(k.teams))
		}
		if teamGiven && !slices.Contains(k.teams, profiles.TeamID(team)) {
			return consent.Caller{}, misuse("--caller: the client has no such team")
		}
		caller, caller.Team = k.caller, profiles.TeamID(team)
		purpose = cmp.Or(purpose, first(k.purposes))
	} else if id == "" || team == "" {
		return consent.Caller{}, misuse("--caller: name a client, or an organisation and a team as ODS/team%s", likeliest(namesOf(known), id, "; clients like it:", "; the clients:"))
	}
	caller.Purpose = purpose
	caller.Scopes = []consent.Scope{{Context: "system", Type: "*", Read: true, Search: true, Create: true, Update: true, Delete: true}}
	return caller, nil
}

// named is a caller that has a name of its own, and what it may be.
type named struct {
	name     string
	caller   consent.Caller
	teams    []profiles.TeamID
	purposes []profiles.Purpose
}

func namesOf(known []named) (names []string) {
	for _, k := range known {
		names = append(names, k.name)
	}
	return names
}

func namedClients(clients []identity.Client) []named {
	known := make([]named, len(clients))
	for n, c := range clients {
		known[n] = named{string(c.ID), consent.Caller{Client: c.ID, Organisation: c.Organisation, Custody: c.Custody}, c.Teams, c.Purposes}
	}
	return known
}

func namedCast() []named {
	known := make([]named, len(demo.Callers))
	for n, c := range demo.Callers {
		caller := consent.Caller{Client: c.Client, Organisation: c.Organisation, Person: c.Person, Role: c.Role}
		known[n] = named{c.Name, caller, []profiles.TeamID{c.Team}, c.Purposes}
	}
	return known
}

// first is the first of a list, or nothing.
func first[T any](list []T) (one T) {
	if len(list) > 0 {
		one = list[0]
	}
	return one
}

// printExplanation is for a person to read.
func printExplanation(out io.Writer, e explained, lang language.Tag) error {
	fmt.Fprintf(out, "%s\n\n", texts.DecidedBy.In(lang, word(e.Outcome, lang), e.Custodian, e.Deciding))
	t := columns(out)
	for _, r := range e.Rules {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.ID, word(r.Outcome.String(), lang), r.Code, r.Text)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	lines := []labelled{
		{texts.MaySee, strings.Join(e.Items, ", ")}, {texts.Withheld, strings.Join(e.Withheld, ", ")},
		{texts.Agreement, e.Agreement}, {texts.Directive, e.Directive},
	}
	for _, o := range e.Obligations {
		lines = append(lines, labelled{texts.AlsoToDo, string(o)})
	}
	fmt.Fprintln(out)
	return printLines(out, "", lines, lang)
}

// labelled is a line of what is told: what it is, and its value.
type labelled struct {
	name  texts.Key
	value string
}

// printLines prints the lines that have a value.
func printLines(out io.Writer, indent string, lines []labelled, lang language.Tag) (err error) {
	for _, l := range lines {
		if l.value != "" && err == nil {
			_, err = fmt.Fprintf(out, "%s%s: %s\n", indent, l.name.In(lang), l.value)
		}
	}
	return err
}

// word is an outcome of a decision or a rule as a person reads it.
func word(outcome string, lang language.Tag) string {
	return texts.Key("word-" + outcome).In(lang)
}

// langFlag is --lang: en or cy.
type langFlag struct{ tag *language.Tag }

// String is the language chosen, for pflag.Value.
func (l langFlag) String() string {
	if l.tag == nil || *l.tag != texts.Welsh {
		return "en"
	}
	return "cy"
}

// Type names the value in the help.
func (l langFlag) Type() string { return "language" }

// Set chooses one of the two.
func (l langFlag) Set(word string) error {
	switch word {
	case "en":
		*l.tag = texts.English
	case "cy":
		*l.tag = texts.Welsh
	default:
		return errors.New("there are en and cy")
	}
	return nil
}
