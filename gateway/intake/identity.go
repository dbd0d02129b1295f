package intake

import (
	"bytes"
	"errors"
	"maps"
	"slices"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/linkage"
	"cpagateway/gateway/matching"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/gateway/store"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// A Patient is filed under the person who has its NHS number in use, where the two agree.
// One that contradicts those who are there is kept apart under a person of its own,
// closed, and the others stay as they are. A Patient that is kept already stays with
// its person: no import moves it.

// numbers holds the NHS numbers of a Patient to their form. One that is malformed is
// refused always, a superseded one as well; one that fails only its check digit, as
// the source's rule says.
func (r *run) numbers(patient fhir.Value, about *record) *refusal {
	for _, n := range profiles.PatientNumbers(patient) {
		switch {
		case n.Err != nil && (n.Normal == "" || r.source.NHSNumbers != Report):
			return &refusal{ruleNHSNumber, n.Err.Error()}
		case n.Err != nil:
			about.warnings[ruleNHSNumber]++
		}
	}
	return nil
}

// identify finds whose record a Patient is.
func (r *run) identify(now store.Snapshot, p pending, about *record) (profiles.PersonID, *refusal, error) {
	before, err := now.Current("Patient", p.made.ID)
	switch {
	case errors.Is(err, records.ErrNothing):
		person, err := r.newcomer(now, p, matching.Read(p.resource), about)
		return person, nil, err
	case err != nil:
		return "", nil, err
	case bytes.Equal(before.Body, p.made.Body):
		return before.Person, nil, nil
	}
	no, err := r.known(now, p, matching.Read(p.resource), before.Person, about)
	return before.Person, no, err
}

// newcomer finds the person of a Patient that is not kept yet.
func (r *run) newcomer(now store.Snapshot, p pending, said matching.Record, about *record) (profiles.PersonID, error) {
	own := r.ids.personOfSource(p.made.ID)
	holder, others, err := linkage.Holder(now, said.Number)
	if err != nil {
		return "", err
	}
	doubtful := said.Superseded
	if said.Number == "" {
		doubtful = slices.Concat(said.Superseded, said.InUse)
	}
	for _, number := range doubtful {
		other, _, err := linkage.Holder(now, number)
		if err != nil {
			return "", err
		}
		if other != "" && other != holder {
			r.keepApart(p, own, other, persons.Replaced, about)
			return own, nil
		}
	}
	switch {
	case said.Number == "":
		return own, nil
	case holder == "":
		holder = r.ids.person(said.Number)
		if others, err = linkage.Patients(now, holder); err != nil {
			return "", err
		}
		if len(others) > 0 && !linkage.InUse(said.Number, others) { // somebody parted the number's records from these
			return own, nil
		}
	case !linkage.InUse(said.Number, others): // others say that the number is superseded
		r.keepApart(p, own, holder, persons.Replaced, about)
		return own, nil
	}
	switch linkage.Compare(said, others) {
	case matching.Conflict:
		r.keepApart(p, own, holder, persons.Contradicts, about)
		return own, nil
	case matching.AgreeWithWarning:
		about.warnings[warnMatched]++
	}
	return holder, nil
}

// known holds a Patient that is kept, and says something else now, to whom it is of.
func (r *run) known(now store.Snapshot, p pending, said matching.Record, person profiles.PersonID, about *record) (*refusal, error) {
	others, err := linkage.Patients(now, person)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(others, func(o linkage.Patient) bool { return o.Version.ID == p.made.ID })
	before := said // where it was removed in between
	if i >= 0 {
		before = others[i].Said
		others = slices.Delete(others, i, i+1)
	}
	if !slices.Equal(said.InUse, before.InUse) {
		if no, err := r.renumbered(now, p, said, before, person, about); no != nil || err != nil {
			return no, err
		}
	}
	for _, o := range others {
		if !matching.SamePerson(said, o.Said) && (i < 0 || matching.SamePerson(before, o.Said)) {
			return &refusal{ruleIdentity, "the Patient now contradicts another record of the same person, in birth date or names: find out whose it is, and feed it in again"}, nil
		}
	}
	return nil, nil
}

// renumbered says what becomes of a Patient whose NHS number changed. A number that
// appears, or takes the place of one that is named as superseded, stays with the
// record; where somebody else has it, whose it is must be settled first.
func (r *run) renumbered(now store.Snapshot, p pending, said, before matching.Record, person profiles.PersonID, about *record) (*refusal, error) {
	standing, err := now.Standing(person)
	if err != nil {
		return nil, err
	}
	gone := slices.ContainsFunc(before.InUse, func(n string) bool { return !slices.Contains(slices.Concat(said.Superseded, said.InUse), n) })
	if gone && standing.Apart == "" { // of what is kept apart the number may be what was wrong
		return &refusal{ruleIdentity, "the Patient was known under another NHS number: say whose record it is"}, nil
	}
	for _, number := range said.InUse {
		holder, others, err := linkage.Holder(now, number)
		if err != nil {
			return nil, err
		}
		if holder == "" || holder == person {
			continue
		}
		if standing.Apart == "" && len(before.InUse) > 0 {
			return &refusal{ruleIdentity, "its new NHS number is that of another record: find out whether the two are one person's, join them, and feed it in again"}, nil
		}
		doubt := persons.Traced
		if linkage.Compare(said, others) == matching.Conflict {
			doubt = persons.Contradicts
		}
		r.keepApart(p, person, holder, doubt, about)
		return nil, nil
	}
	if standing.Apart == "" {
		return nil, nil
	}
	for _, number := range said.Superseded {
		if holder, _, err := linkage.Holder(now, number); err != nil {
			return nil, err
		} else if holder != "" {
			r.keepApart(p, person, holder, persons.Replaced, about)
			return nil, nil
		}
	}
	about.standings = append(about.standings, r.standing(p, person, "", ""))
	return nil, nil
}

// keepApart keeps a Patient under a person of its own, apart from another.
func (r *run) keepApart(p pending, own, from profiles.PersonID, doubt persons.Doubt, about *record) {
	about.standings = append(about.standings, r.standing(p, own, from, doubt))
	about.notices = append(about.notices, r.notice(p.made, refusal{string(doubt), apartReasons[doubt]}))
}

// apartReasons say why a record is kept apart. None of them holds a value.
var apartReasons = map[persons.Doubt]string{
	persons.Contradicts: "the Patient has the NHS number of somebody, and its birth date and names differ from theirs or are missing; its record is kept apart and closed, and what it refuses holds for them all the same: see person list",
	persons.Traced:      "the Patient was given an NHS number under which another record is held; its record is closed until the two are joined: see person list",
	persons.Replaced:    "the Patient has an NHS number that is superseded in one record and in use in another; its record is kept apart and closed: see person list",
}

func (r *run) standing(p pending, person, apart profiles.PersonID, doubt persons.Doubt) persons.Standing {
	return persons.Standing{
		Person: person, Custodian: r.source.Custodian, Source: r.source.Name, Patient: p.made.ID,
		Apart: apart, Doubts: slices.DeleteFunc([]persons.Doubt{doubt}, func(d persons.Doubt) bool { return d == "" }), Since: r.Clock().UTC(),
	}
}

// linker settles whose records are whose, by the ids that this gateway derives.
func (r *run) linker() linkage.Linker {
	return linkage.Linker{At: r.Clock().UTC(), Own: OwnPerson(r.Secret)}
}

// stand keeps the standings that a record led to.
func (r *run) stand(tx store.Tx, about *record) error {
	for _, s := range about.standings {
		if err := r.linker().Keep(tx, s); err != nil {
			return err
		}
		about.changed[s.Person] = true
	}
	return nil
}

// look looks again at everybody whose identity a batch may have changed.
func (r *run) look(tx store.Tx, changed map[profiles.PersonID]bool) error {
	l := r.linker()
	for _, person := range slices.Sorted(maps.Keys(changed)) {
		if !changed[person] {
			continue
		}
		if err := l.Look(tx, person); err != nil {
			return err
		}
	}
	return nil
}

// rank finds out, of the persons whom this run changed, which records are established.
func (r *run) rank() error {
	var list []persons.Standing
	err := r.Store.View(r.ctx, func(now store.Snapshot) (err error) {
		list, err = now.Unresolved()
		return err
	})
	for _, s := range list {
		if err == nil && (r.touched(s.Person) || r.touched(s.Apart)) {
			err = r.rankOne(s.Person)
		}
	}
	return err
}

func (r *run) rankOne(apart profiles.PersonID) error {
	due := false
	err := r.Store.View(r.ctx, func(now store.Snapshot) (err error) {
		due, err = linkage.Outranks(now, apart)
		return err
	})
	if err != nil || !due {
		return err
	}
	return r.recorded(func(tx store.Tx) (audit.Counts, error) {
		changed, err := r.linker().Rank(tx, apart)
		for _, person := range changed {
			r.touch(person)
		}
		return audit.Counts{}, err
	})
}
