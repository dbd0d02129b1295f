package consent

import "cpagateway/profiles"

// decideImport decides on a source system's own extract: only the custodian brings
// its records in, and nothing is disclosed by it.
func (q *question) decideImport() verdict {
	v := verdict{passGate: gateA1}
	v.reasons[gateA1] = plainPass
	if q.Caller.Organisation == "" || q.Caller.Client == "" && q.Caller.Person == "" || q.At.IsZero() {
		v.reasons[gateA1] = requesterUnknown
	}
	v.reasons[gateA3] = notTheCustodian
	if q.Caller.Organisation == q.Source {
		v.reasons[gateA3] = plainPass
	}
	return v
}

// decideDirectory decides on the directory of staff and organisations, which is about
// nobody: the organisation's own teams see it, and so does any team to which a
// flow for the stated purpose is in force. No person gate applies.
func (q *question) decideDirectory() verdict {
	var v verdict
	if q.Caller.Organisation != "" && q.Caller.Organisation == q.Source {
		v.reasons[gateA1] = q.identified()
		v.reasons[gateA8] = q.carePurpose()
		v.passGate = gateA1
	} else {
		v = q.decideSharing()
		v.passGate = gateA8
	}
	v.reasons[gateSC] = q.scope
	v.named = profiles.SetOf(profiles.Directory)
	v.granted = v.named
	return v
}

// ownRecord reports whether the person themself is asking (case 42): signed in
// as a person, on behalf of no organisation. Identity vouches for Caller.Person.
func (q *question) ownRecord() bool {
	c := &q.Caller
	return c.Purpose == profiles.OwnRequest && c.Organisation == "" && c.Team == "" &&
		q.person.ID != "" && profiles.PersonID(c.Person) == q.person.ID
}

// decideOwnRecord gives a person their own record, their recorded wishes included,
// but for what is restricted and for what has no label, which may tell of others, and for
// what the custodian's people were told.
func (q *question) decideOwnRecord() verdict {
	v := q.open(ownRecord, profiles.AllItems.Minus(profiles.Restricted.Union(profiles.SetOf(profiles.Unlabelled, profiles.Duties))))
	v.reasons[gateA1] = plainPass
	if q.Caller.Client == "" || q.Caller.Ambiguous || q.At.IsZero() {
		v.reasons[gateA1] = requesterUnknown
	}
	v.reasons[gateP2] = plainPass
	return v
}

// treating reports whether the caller's own team is in the person's care team
// and works for the custodian (case 18). A relation of the organisation as a whole
// does not count: a health board is not one team.
func (q *question) treating() bool {
	return q.Caller.Organisation == q.Source && q.relation == teamRelation
}

// decideTreating gives the treating team everything, what is restricted included:
// they wrote it. Consent is about sharing, so no directive applies.
func (q *question) decideTreating() verdict {
	v := q.open(ownTeam, profiles.AllItems)
	v.reasons[gateA1] = q.identified()
	v.reasons[gateA8] = q.carePurpose()
	return v
}

// open is what cases 18 and 42 have in common: no agreement and no flow; the caller's
// own relation to the person opens these items.
func (q *question) open(because reason, items profiles.ItemSet) verdict {
	v := verdict{passGate: gateP1, named: items, granted: items.Intersect(q.ceiling)}
	v.reasons[gateSC] = q.scope
	v.reasons[gateP1] = because
	if q.unresolved() {
		v.reasons[gateP1] = identityUnresolved
	}
	v.reasons[gateP4] = plainPass
	return v
}

// identified is gate A1. An unattended system is identified by its client id, in place
// of a person.
func (q *question) identified() reason {
	c := &q.Caller
	if c.Organisation == "" || c.Team == "" || c.Client == "" && c.Person == "" || q.At.IsZero() ||
		!q.Action.reads() && !q.Action.writes() {
		return requesterUnknown
	}
	return plainPass
}

// carePurpose is gate A8 inside the organisation that holds the record: one
// purpose, and that is care. Secondary use is refused altogether (case 101), and
// breaking the glass is a road of its own (case 13).
func (q *question) carePurpose() reason {
	if r := q.onePurpose(); r != plainPass {
		return r
	}
	switch q.Caller.Purpose {
	case profiles.CareCoordination, profiles.EmergencyTreatment, profiles.Treatment:
		return plainPass
	}
	return purposeNotAgreed
}

func (q *question) onePurpose() reason {
	switch {
	case q.Caller.Ambiguous:
		return purposeAmbiguous
	case q.Caller.Purpose == "":
		return purposeMissing
	}
	return plainPass
}

// unresolved reports that it is not certain whose record this is (case 36), or that
// the facts are not those of the custodian asked.
func (q *question) unresolved() bool {
	p := q.person
	return p.ID == "" || p.Unverified || p.Custodian != q.Source
}
