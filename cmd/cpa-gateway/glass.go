package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
)

// glassCommand is the privacy officer's: who broke the glass, and whether that was justified.
func glassCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "glass", Short: "list who broke the glass, and keep what a look at it found"}
	c.AddCommand(glassListCommand(w), glassReviewCommand(w))
	return c
}

func glassListCommand(w world) *cobra.Command {
	var place where
	var all, asJSON bool
	days := 7
	c := &cobra.Command{
		Use: "list", Short: "list who broke the glass and was not looked at yet, the oldest first; exit code 1 where one is overdue", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listGlass(w, place, all, days, asJSON) },
	}
	place.flags(c)
	c.Flags().BoolVar(&all, "all", false, "also those that were looked at, and attempts of whoever may not")
	c.Flags().IntVar(&days, "days", days, "after how many `days` one is overdue")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON, with what the professionals wrote")
	return c
}

func glassReviewCommand(w world) *cobra.Command {
	var place where
	finding, ground := "", ""
	c := &cobra.Command{
		Use: "review ID", Short: "keep in the audit log what a look at broken glass found", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, ids []string) error { return reviewGlass(w, place, ids[0], finding, ground) },
	}
	place.flags(c)
	c.Flags().StringVar(&finding, "finding", "", "what was found: justified or unjustified (`finding`)")
	c.Flags().StringVar(&ground, "ground", "", "`ticket` or minute in which it stands")
	require(c, "finding", "ground")
	return c
}

// The findings of a look at broken glass.
var findings = []string{"justified", "unjustified"}

// glassReview is what the log calls that somebody looked at broken glass.
const glassReview = "glass-review"

// brokenGlass is one time that the glass was broken, as it is printed.
type brokenGlass struct {
	ID           string              `json:"id"` // of the grant
	Request      string              `json:"request"`
	At           time.Time           `json:"at"`
	Client       consent.ClientID    `json:"client"`
	Organisation profiles.OrgCode    `json:"organisation"`
	Team         profiles.TeamID     `json:"team"`
	Professional string              `json:"professional"`
	Role         string              `json:"role"`
	Reason       consent.GlassReason `json:"reason"`
	Reference    string              `json:"reference,omitempty"`
	Words        string              `json:"words"`
	Person       profiles.PersonID   `json:"person"`
	Granted      bool                `json:"granted"` // or whoever tried it may not
	Used         int                 `json:"used"`    // answers that it opened something to
	Overdue      bool                `json:"overdue"`
	Finding      string              `json:"finding,omitempty"` // and its ground
}

// brokenIn lists each time that the glass was broken, the oldest first, with what was found.
func brokenIn(now store.Snapshot) ([]*brokenGlass, error) {
	var list []*brokenGlass
	used, found, known := map[string]int{}, map[string]string{}, map[string]bool{}
	q := audit.Query{Agreement: agreements.BrokenGlass, Limit: 500}
	for more := true; more; {
		rows, err := now.Entries(q)
		if err != nil {
			return nil, err
		}
		entries, err := audit.Entries(rows)
		if err != nil {
			return nil, err
		}
		for _, e := range entries { // the newest first
			switch {
			case e.Kind == audit.KindOperator && e.Interaction == glassReview:
				found[e.Grant] = cmp.Or(found[e.Grant], e.Reference)
			case e.Kind != audit.KindDecision:
			case e.Words == "" && len(e.Released) > 0:
				used[e.Grant]++
			case e.Words != "" && !known[e.Grant]: // one entry for each custodian
				known[e.Grant] = true
				list = append(list, &brokenGlass{
					ID: e.Grant, Request: e.RequestID, At: e.At, Client: e.Client, Organisation: e.Organisation, Team: e.Team, Professional: e.Professional, Role: e.Role,
					Reason: e.Glass, Reference: e.Reference, Words: e.Words, Person: e.Person, Granted: e.Status == http.StatusOK,
				})
			}
		}
		if more = len(rows) == q.Limit; more {
			q.Before = rows[len(rows)-1].Position()
		}
	}
	for _, b := range list {
		b.Used, b.Finding = used[b.ID], found[b.ID]
	}
	slices.Reverse(list)
	return list, nil
}

// withBroken opens the place and hands on each time that the glass was broken.
func withBroken(w world, place where, do func(*site, []*brokenGlass) error) error {
	return place.within(w, func(s *site) error {
		var list []*brokenGlass
		err := s.store.View(w.ctx, func(now store.Snapshot) (err error) {
			list, err = brokenIn(now)
			return err
		})
		if err != nil {
			return err
		}
		return do(s, list)
	})
}

func listGlass(w world, place where, all bool, days int, asJSON bool) error {
	var list []*brokenGlass
	err := withBroken(w, place, func(s *site, all []*brokenGlass) error {
		list = all
		return s.looked(w, "glass-list", "", "")
	})
	if err != nil {
		return err
	}
	overdue := false
	for _, b := range list {
		b.Overdue = b.Granted && b.Finding == "" && w.clock().Sub(b.At) > time.Duration(days)*24*time.Hour
		overdue = overdue || b.Overdue
	}
	list = slices.DeleteFunc(list, func(b *brokenGlass) bool { return !all && (!b.Granted || b.Finding != "") })
	err = printAll(w.out, append([]*brokenGlass{}, list...), asJSON, "id\tat\twho\treason\tshown\tstate", func(b *brokenGlass) []any {
		who := strings.Join(filled(b.Professional, b.Role, string(b.Team), string(b.Organisation)), ", ")
		return []any{b.ID, b.At.Format(time.RFC3339), who, strings.Join(filled(string(b.Reason), b.Reference), " "), b.Used, b.state()}
	})
	if err == nil && overdue {
		fmt.Fprintf(w.err, "some was broken more than %d days ago and nobody has said whether that was justified: glass list --json has the words, audit show --glass what was read; then glass review ID\n", days)
		err = errRefused
	}
	return err
}

// state is how far somebody has looked at it.
func (b *brokenGlass) state() string {
	switch {
	case b.Finding != "":
		return b.Finding
	case b.Overdue:
		return "OVERDUE"
	case !b.Granted:
		return "refused"
	}
	return "to be looked at"
}

func reviewGlass(w world, place where, id, finding, ground string) error {
	if !slices.Contains(findings, finding) {
		return misuse("--finding: one of %s", strings.Join(findings, ", "))
	}
	if err := linkage.CheckGround(ground); err != nil {
		return misuse("--ground: %v", err)
	}
	return withBroken(w, place, func(s *site, list []*brokenGlass) error {
		n := slices.IndexFunc(list, func(b *brokenGlass) bool { return b.ID == id })
		if n < 0 {
			return misuse("the glass was not broken under this id: glass list --all has the ids")
		}
		b := list[n]
		event := audit.Event{At: w.clock(), Interaction: glassReview, Glass: audit.Glass{Grant: b.ID, Reason: b.Reason}}
		_, err := s.log.Look(w.ctx, event, operator(s.config.Organisation), b.Person, finding+" "+ground)
		return err
	})
}
