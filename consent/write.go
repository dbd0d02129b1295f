package consent

import (
	"cpagateway/consent/facts"
	"cpagateway/profiles"
)

// decideWrite decides on a change of what is stored. Gate W says whether what is to be
// changed is the caller's to change; no other gate lets a change through, and a change
// lets nobody see anything.
func (q *question) decideWrite() verdict {
	switch {
	case q.ownRecord():
		v := q.decideOwnRecord()
		v.reasons[gateW] = personReadsOnly
		return v
	case q.Caller.Organisation == q.Source && q.keepsRecords():
		return q.decideCustody()
	case q.Caller.Organisation == q.Source:
		return q.decideTreatingWrite()
	}
	return q.decideContribution()
}

// keepsRecords reports whether an unattended system asks that is registered as keeping
// its organisation's records. Whoever sits at such a system writes as the team they are of.
func (q *question) keepsRecords() bool {
	return q.Caller.Custody == On && q.Caller.Person == ""
}

// decideKeeper shows a system that keeps its organisation's records all of them that are
// certainly of whom they say: it brought them, and has to see what it changes.
func (q *question) decideKeeper() verdict {
	v := q.decideCustody()
	v.kept, v.reasons[gateW], v.passGate = profiles.ItemSet{}, notApplicable, gateP1
	switch {
	case !q.staff && q.unresolved():
		v.reasons[gateP1] = identityUnresolved
	case v.reasons[gateP1] == notApplicable:
		v.reasons[gateP1] = keptRecord
	}
	return v
}

// decideCustody lets a system keep its own organisation's records: of everybody, and
// whatever is in doubt about them, but of somebody who is known.
func (q *question) decideCustody() verdict {
	v := verdict{passGate: gateW, named: profiles.AllItems, granted: q.ceiling, kept: q.ceiling}
	v.reasons[gateA1] = q.identified()
	v.reasons[gateA8] = q.carePurpose()
	v.reasons[gateSC] = q.scope
	if known := q.person.ID != ""; known == profiles.DirectoryType(q.Type) || known && q.person.Custodian != q.Source {
		v.reasons[gateP1] = identityUnresolved
	}
	v.reasons[gateP4] = plainPass
	v.reasons[gateW] = custodianWrites
	return v
}

// decideTreatingWrite lets the treating team change what it may see, but for what
// decisions read: whoever writes that could let others in.
func (q *question) decideTreatingWrite() verdict {
	v := q.decideTreating()
	if !q.treating() && v.reasons[gateP1] == ownTeam {
		v.reasons[gateP1] = noRelationship
	}
	v.kept = v.granted
	v.reasons[gateW] = plainPass
	if !q.treating() || !q.treatingWrites() {
		v.reasons[gateW] = noCustody
	}
	return v
}

// treatingWrites reports whether the treating team writes records of the type.
func (q *question) treatingWrites() bool {
	switch q.Type {
	case "CarePlan", "Goal", "Flag", "RiskAssessment":
		return true
	}
	return q.Action != Create && !facts.Compiles(q.Type) && !profiles.DirectoryType(q.Type)
}
