package outbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/authored"
	"cpagateway/gateway/store"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// entriesRun is how many entries of a chain that ask for something are told in one turn.
const entriesRun = 500

// entriesUnkept is how many entries a gateway that is started again looks through at most
// once more.
const entriesUnkept = 5000

// duty is something that a recorded decision asks to be told: whom it concerns, and what
// it asks for (consent.Obligation).
type duty struct {
	code  string // of profiles.SystemDuty
	entry audit.Entry
}

// dutyTexts is what is said of each.
var dutyTexts = map[string]texts.Key{
	profiles.CodeDutyCrisisSliceRead: texts.DutyCrisisRead, profiles.CodeDutyNoCrisisPlan: texts.DutyNoPlan, profiles.CodeDutyAlert: texts.DutyAlert,
}

// reading is how far the chains of the audit log have been looked through, and what was
// found there.
type reading struct {
	outbox  subscriptions.Outbox
	entries map[int]uint64
	duties  []duty
	more    bool
}

// tellDuties sends the custodians' people what decisions ask to be told. The audit log is
// its outbox: whatever was decided is there.
func (o *Outbox) tellDuties(ctx context.Context) error {
	r, err := o.readEntries(ctx)
	if err != nil || r.entries == nil {
		return err
	}
	o.more = o.more || r.more
	if r.outbox.Entries != nil && len(r.duties) == 0 && r.ahead() < entriesUnkept {
		o.read = r.entries // a gateway that is started again looks through them once more
		return nil
	}
	for _, of := range byCustodian(r.duties) {
		if err := o.send(ctx, of); err != nil {
			return err
		}
	}
	return o.Store.Update(ctx, func(tx store.Tx) error {
		now, err := o.hold(tx)
		if err != nil {
			return err
		}
		now.Entries, o.read = r.entries, r.entries
		return tx.SetOutbox(now)
	})
}

// ahead is how many entries were looked through since that was last kept.
func (r reading) ahead() (n uint64) {
	for slot, to := range r.entries {
		n += to - r.outbox.Entries[slot]
	}
	return n
}

// readEntries looks through what was recorded since the last time. Of what was recorded
// before the first time nothing is told.
func (o *Outbox) readEntries(ctx context.Context) (r reading, err error) {
	err = o.Store.View(ctx, func(now store.Snapshot) (err error) {
		if r.outbox, err = now.Outbox(); err != nil || !o.mine(r.outbox) {
			return err
		}
		slots, err := now.Slots()
		if err != nil {
			return err
		}
		r.entries = map[int]uint64{}
		for _, slot := range slots {
			r.entries[slot.Number] = slot.Seq
			if r.outbox.Entries == nil {
				continue
			}
			from := max(r.outbox.Entries[slot.Number], o.read[slot.Number])
			rows, err := now.Duties(slot.Number, from+1, entriesRun)
			if err != nil {
				return err
			}
			if len(rows) == entriesRun {
				r.more, r.entries[slot.Number] = true, rows[len(rows)-1].Seq
			}
			for _, row := range rows {
				if err := r.add(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return r, err
}

func (r *reading) add(row audit.Row) error {
	e, err := audit.ReadEntry(row.Body)
	if err != nil {
		return err
	}
	for _, code := range e.Duties() {
		r.duties = append(r.duties, duty{code, e})
	}
	return nil
}

// byCustodian puts together what one organisation's people are told.
func byCustodian(duties []duty) (groups [][]duty) {
	for _, d := range duties {
		i := slices.IndexFunc(groups, func(g []duty) bool { return g[0].entry.Custodian == d.entry.Custodian })
		if i < 0 {
			groups = append(groups, []duty{d})
			continue
		}
		groups[i] = append(groups[i], d)
	}
	return groups
}

// hold is how far the changes have been looked through, held by this gateway for a while more.
func (o *Outbox) hold(tx store.Tx) (subscriptions.Outbox, error) {
	now, err := tx.Outbox()
	if err == nil && !o.mine(now) {
		err = errNotOurs
	}
	now.Holder, now.Until = o.Gateway, o.Clock().Add(lease)
	return now, err
}

// send keeps the Communications to one custodian's people, with their record. One about the
// same thing is kept once a day, however often it was asked for.
func (o *Outbox) send(ctx context.Context, duties []duty) error {
	custodian := duties[0].entry.Custodian
	_, err := o.Road.Audit.Update(ctx, audit.Event{At: o.Clock(), Interaction: "communication", Type: "Communication"}, authored.Source, o.decide(custodian, ""), func(tx store.Tx) (counts audit.Counts, err error) {
		if _, err := o.hold(tx); err != nil {
			return counts, err
		}
		for _, d := range duties {
			kept, err := d.communication().Keep(tx, o.Clock(), o.decide(custodian, d.entry.Person))
			if err != nil {
				return counts, err
			}
			counts.Read++
			if kept.Number > 0 {
				counts.Stored++
			} else {
				counts.Unchanged++
			}
		}
		return counts, nil
	})
	return err
}

// decide asks whether the gateway may write into a custodian's record on its behalf.
func (o *Outbox) decide(custodian profiles.OrgCode, person profiles.PersonID) consent.Decision {
	return authored.Decide("Communication", o.Road.Register.Load(), o.Clock(), custodian, person)
}

// communication is what is sent. Its id is the same for the same thing, about the same
// person, by the same team, on the same day.
func (d duty) communication() authored.Resource {
	e := d.entry
	return authored.Resource{
		Type: "Communication", Person: e.Person, Custodian: e.Custodian,
		ID: authored.ID(d.about()...),
		Members: func(w *fhir.Writer, people authored.People) {
			w.Member("status", "completed")
			w.Name("category").Array(func() { authored.Concept(w, profiles.SystemDuty, d.code) })
			w.Member("priority", "urgent")
			authored.Reference(w.Name("subject"), people.Patient)
			w.Member("sent", e.At.UTC().Format(time.RFC3339))
			if len(people.Coordinators) > 0 && d.code != profiles.CodeDutyAlert { // the privacy officer is the organisation's
				w.Name("recipient").Array(func() {
					for _, one := range people.Coordinators {
						authored.Reference(w, one)
					}
				})
			}
			w.Name("payload").Array(func() {
				for _, lang := range []language.Tag{texts.English, texts.Welsh} {
					w.Object(func() { w.Member("contentString", d.words(lang)) })
				}
			})
		},
	}
}

// about is what is told once: a thing, of one person, by one team, on one day; but each time
// that the glass is broken, and for each professional who reads through it.
func (d duty) about() []string {
	e := d.entry
	about := []string{d.code, string(e.Person), string(e.Custodian), string(e.Organisation), string(e.Team), profiles.Day(e.At).Format(time.DateOnly), e.Deciding, e.Code}
	switch {
	case e.Words != "":
		about = append(about, e.Grant)
	case e.Glass != "":
		about = append(about, e.Professional, "reads")
	}
	return about
}

// words say what happened, on London's clocks.
func (d duty) words(lang language.Tag) string {
	e, at := d.entry, d.entry.At.In(profiles.London)
	why := consent.Meaning(e.Deciding, e.Code, e.Outcome, lang)
	if e.Words != "" {
		return texts.DutyGlass.In(lang, texts.Day(at, lang), at.Format("15:04"), e.Professional, e.Role, string(e.Team), string(e.Organisation), strings.TrimSpace(string(e.Glass)+" "+e.Reference), e.Words, why)
	}
	args := []any{texts.Day(at, lang), at.Format("15:04"), string(e.Team), string(e.Organisation)}
	if d.code == profiles.CodeDutyAlert {
		args = append(args, why)
	}
	return dutyTexts[d.code].In(lang, args...)
}
