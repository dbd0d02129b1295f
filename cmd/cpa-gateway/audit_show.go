package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// auditShowOptions is how audit show was called.
type auditShowOptions struct {
	place                              where
	request, person, caller, agreement string
	glass                              bool
	limit                              int
	lang                               language.Tag
	asJSON                             bool
}

func auditShowCommand(w world) *cobra.Command {
	var o auditShowOptions
	c := &cobra.Command{
		Use: "show", Short: "show what was asked, decided and released, the newest last; recorded", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(w) },
	}
	o.place.flags(c)
	f := c.Flags()
	f.StringVar(&o.request, "request", "", "of one request: its `id`, as the answer has it in X-Request-Id")
	f.StringVar(&o.person, "person", "", "about one person: the NHS `number`, or the id that the log has")
	f.StringVar(&o.caller, "caller", "", "of one `client`, whoever sits before it")
	f.StringVar(&o.agreement, "agreement", "", "under one agreement: its `id`")
	f.BoolVar(&o.glass, "glass", false, "through broken glass")
	keys := []string{"request", "person", "caller", "agreement", "glass"}
	c.MarkFlagsOneRequired(keys...)
	c.MarkFlagsMutuallyExclusive(keys...)
	f.IntVar(&o.limit, "limit", 100, "how many of the newest `entries` are shown")
	f.Var(langFlag{&o.lang}, "lang", "`language` of the words: en or cy")
	f.BoolVar(&o.asJSON, "json", false, "print the entries as JSON")
	return c
}

func (o auditShowOptions) run(w world) error {
	if o.limit < 1 {
		return misuse("--limit: at least 1")
	}
	if o.glass {
		o.agreement = agreements.BrokenGlass
	}
	var rows []audit.Row
	var clients []consent.ClientID
	var others, known []string
	err := o.place.within(w, func(s *site) error {
		var person profiles.PersonID
		err := s.store.View(w.ctx, func(now store.Snapshot) (err error) {
			if person, err = personNamed(now, o.person); err != nil {
				return err
			}
			if others, err = otherIDs(now, person); err != nil {
				return err
			}
			rows, err = now.Entries(audit.Query{
				Request: o.request, Person: person, Client: consent.ClientID(o.caller), Agreement: o.agreement, Limit: o.limit + 1,
			})
			switch {
			case err != nil || len(rows) > 0:
			case o.caller != "":
				clients, err = now.Clients()
			case person != "":
				err = everHeld(now, person)
			case o.agreement != "":
				known = otherAgreements(s.register.Load(), o.agreement)
			}
			return err
		})
		if err != nil {
			return err
		}
		return s.looked(w, "audit-show", person, o.lookedAt(rows))
	})
	if err != nil {
		return err
	}
	if len(others) > 0 {
		fmt.Fprintln(w.err, texts.OtherIds.In(o.lang, strings.Join(others, ", ")))
	}
	more := len(rows) > o.limit
	rows = rows[:min(len(rows), o.limit)]
	slices.Reverse(rows)
	if o.asJSON {
		return printBodies(w.out, rows)
	}
	if more {
		fmt.Fprintf(w.out, "%s\n\n", texts.OlderEntries.In(o.lang, "--limit"))
	}
	entries, err := audit.Entries(rows)
	for _, e := range entries {
		if err := printEntry(w.out, e, o.lang); err != nil {
			return err
		}
	}
	if len(entries) == 0 && err == nil {
		fmt.Fprintln(w.err, "the log has no such entry"+likeliest(clients, o.caller, " of this caller; callers like it:", " of this caller; the callers of the log:")+
			likeliest(known, o.agreement, " of this agreement; those like it:", " of this agreement; those of the register:"))
	}
	return err
}

// otherAgreements are those of the register, where it does not have the one that was asked for.
func otherAgreements(register *agreements.Register, asked string) (ids []string) {
	for _, a := range register.Agreements() {
		ids = append(ids, a.ID)
	}
	if asked == agreements.BrokenGlass || slices.Contains(ids, asked) {
		return nil
	}
	return slices.Compact(ids)
}

// everHeld refuses what is no id of a person: it may be a name, and is not kept in the log.
func everHeld(now store.Snapshot, person profiles.PersonID) error {
	held, err := now.Holdings(person)
	if err == nil && held.Generation == 0 {
		err = misuse("--person: %v, and the log has no entry of it", linkage.ErrNobody)
	}
	return err
}

// otherIDs are those under which records of a person were filed before a move, or after it.
func otherIDs(now store.Snapshot, person profiles.PersonID) (others []string, err error) {
	moves, err := now.Moves()
	ids := []profiles.PersonID{person}
	for i := 0; i < len(ids); i++ {
		for _, m := range moves {
			for _, other := range []profiles.PersonID{m.From, m.To} {
				if m.Concerns(ids[i]) && !slices.Contains(ids, other) {
					ids, others = append(ids, other), append(others, string(other))
				}
			}
		}
	}
	return others, err
}

// mostNames is how many names are told beside one that there is not.
const mostNames = 12

// likeliest tells the names that may have been meant by one that there is not: those like
// it, else all. They are names of clients and sources, which say nothing of a person. What
// was asked is not repeated: it may be anything.
func likeliest[T ~string](names []T, asked, like, all string) string {
	near := slices.DeleteFunc(slices.Clone(names), func(n T) bool {
		has, want := strings.ToLower(string(n)), strings.ToLower(asked)
		return want == "" || !strings.Contains(has, want) && !strings.Contains(want, has)
	})
	says := like
	if len(near) == 0 {
		near, says = names, all
	}
	if len(near) == 0 {
		return ""
	}
	for _, n := range near[:min(len(near), mostNames)] {
		says += " " + string(n)
	}
	if more := len(near) - mostNames; more > 0 {
		says += fmt.Sprintf(" and %d more", more)
	}
	return says
}

// lookedAt says what entries were looked at, in words that the log holds already: a
// word that it does not find may be anything.
func (o auditShowOptions) lookedAt(found []audit.Row) string {
	if len(found) == 0 {
		return ""
	}
	for name, value := range map[string]string{"request": o.request, "caller": o.caller, "agreement": o.agreement} {
		if value != "" {
			return name + " " + value
		}
	}
	return ""
}

// looked records that the operator looked at something; before it is shown.
func (s *site) looked(w world, interaction string, person profiles.PersonID, reference string) error {
	_, err := s.log.Look(w.ctx, audit.Event{At: w.clock(), Interaction: interaction}, operator(s.config.Organisation), person, reference)
	return err
}

// printBodies prints the entries as the log has them.
func printBodies(out io.Writer, rows []audit.Row) error {
	bodies := make([]json.RawMessage, len(rows))
	for i, row := range rows {
		bodies[i] = row.Body
	}
	return printJSON(out, bodies)
}

// printEntry prints one entry for a person to read.
func printEntry(out io.Writer, e audit.Entry, lang language.Tag) error {
	head := []string{e.Time.Format(time.RFC3339), string(e.Kind)}
	if e.Outcome != "" {
		head = append(head, word(e.Outcome, lang))
	}
	fmt.Fprintln(out, strings.Join(append(head, e.Deciding, e.Code), "  "))
	asker := strings.Join(filled(string(e.Client), string(e.Organisation), string(e.Team), e.Professional, e.Role), ", ")
	asked := strings.Join(filled(e.Interaction, e.Type, strings.Join(e.Params, " ")), " ")
	if e.Status != 0 {
		asked += " (" + strconv.Itoa(e.Status) + ")"
	}
	var released []string
	for _, r := range e.Released {
		released = append(released, r.Ref)
	}
	var obligations []string
	for _, o := range e.Obligations {
		obligations = append(obligations, string(o))
	}
	lines := []labelled{
		{texts.Because, consent.Meaning(e.Deciding, e.Code, e.Outcome, lang)}, {texts.AskedBy, asker}, {texts.ForPurpose, string(e.Purpose)},
		{texts.AskedFor, asked}, {texts.AboutPerson, string(e.Person)}, {texts.Agreement, e.Agreement.String()}, {texts.Directive, e.Directive},
		{texts.MaySee, strings.Join(e.Items, ", ")}, {texts.Obligations, strings.Join(obligations, ", ")}, {texts.ReleasedWere, strings.Join(released, ", ")}, {texts.SourceNamed, e.Source},
		{texts.MoveNamed, e.Move}, {texts.GlassReason, strings.Join(filled(string(e.Glass), e.Grant), ", ")}, {texts.GlassWords, e.Words}, {texts.GroundNamed, e.Reference}, {texts.InRequest, e.RequestID},
	}
	if err := printLines(out, "  ", lines, lang); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out)
	return err
}

// filled are the words that are not empty.
func filled(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}
