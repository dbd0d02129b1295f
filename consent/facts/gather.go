package facts

import (
	"strings"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Gather reads the records that are facts about a person (Patient, CareTeam,
// EpisodeOfCare, Consent) into what Decide needs. It is pure, passes over every
// other type, and never guesses: organisations and teams are told by the
// identifiers in a Reference (ODS code or profiles.TeamSystem), and what has
// none relates nobody. A person without facts is a Person without relations.
func Gather(person profiles.PersonID, custodian profiles.OrgCode, epoch uint64, facts []fhir.Value) Person {
	p := Person{ID: person, Custodian: custodian, Epoch: epoch}
	g := gatherer{person: &p, known: map[string]bool{}}
	for _, f := range facts {
		if f.Type() == "Patient" {
			g.knows(f)
		}
	}
	for _, f := range facts {
		switch f.Type() {
		case "Patient":
			g.patient(f)
		case "CareTeam":
			g.careTeam(f)
		case "EpisodeOfCare":
			g.episode(f)
		case "Consent":
			g.consent(f)
		}
	}
	return p
}

// gatherer collects into person. known holds the names under which the
// person's own Patient resources go.
type gatherer struct {
	person    *Person
	known     map[string]bool
	nhsNumber string
}

func (g *gatherer) knows(patient fhir.Value) {
	g.known["Patient/"+patient.ID()] = true
	for id := range patient.Get("identifier").Each() {
		if value := id.Get("value").Text(); value != "" {
			g.known[id.Get("system").Text()+"|"+value] = true
		}
	}
}

func (g *gatherer) patient(patient fhir.Value) {
	p := g.person
	if modified(patient) {
		p.Unverified = true
	}
	if from, until, err := fhir.Interval(patient.Get("birthDate").Text(), profiles.London); err == nil {
		g.born(from, until)
	}
	if patient.Get("deceasedBoolean").Bool() || patient.Get("deceasedDateTime").Exists() {
		p.Deceased = true
	}
	for _, n := range profiles.PatientNumbers(patient) {
		if !n.Superseded { // a wrong check digit still tells two numbers apart
			g.number(n.Normal)
		}
	}
	for link := range patient.Get("link").Each() {
		// A RelatedPerson is the same human in another part, not another record of theirs.
		if other := who(link.Get("other")); !strings.HasPrefix(other, "RelatedPerson/") && !g.known[other] {
			p.Unverified = true
		}
	}
	for gp := range patient.Get("generalPractitioner").Each() {
		if org, _ := partyOf(gp.Get("identifier")); org != "" {
			p.Relations = append(p.Relations, Relation{Organisation: org, Kind: RegisteredPractice})
		}
	}
}

// born widens the birth date to cover what every Patient resource says.
func (g *gatherer) born(from, until time.Time) {
	p := g.person
	if p.Born.IsZero() || from.Before(p.Born) {
		p.Born = from
	}
	if until.After(p.BornUntil) {
		p.BornUntil = until
	}
}

// number notices two different NHS numbers in use under one person: then records of
// two people may have been put together.
func (g *gatherer) number(number string) {
	if g.nhsNumber != "" && number != g.nhsNumber {
		g.person.Unverified = true
	}
	g.nhsNumber = number
}

// careTeam relates every participant of an active team for as long as both the
// team and the participation are open.
func (g *gatherer) careTeam(team fhir.Value) {
	if !team.Get("status").Is("active") || modified(team) {
		return
	}
	from, until, ok := openPeriod(team.Get("period"))
	if !ok {
		return
	}
	for managing := range team.Get("managingOrganization").Each() {
		g.relate(CareTeamMember, managing, from, until)
	}
	for participant := range team.Get("participant").Each() {
		begins, ends, ok := openPeriod(participant.Get("period"))
		if !ok {
			continue
		}
		begins, ends = later(begins, from), earlier(ends, until)
		g.relate(CareTeamMember, participant.Get("member"), begins, ends)
		g.relate(CareTeamMember, participant.Get("onBehalfOf"), begins, ends)
	}
}

// episode relates the organisation that provides the care.
func (g *gatherer) episode(episode fhir.Value) {
	if status := episode.Get("status"); !status.Is("active") && !status.Is("onhold") || modified(episode) {
		return
	}
	if from, until, ok := openPeriod(episode.Get("period")); ok {
		g.relate(EpisodeProvider, episode.Get("managingOrganization"), from, until)
	}
}

func (g *gatherer) relate(kind RelationKind, reference fhir.Value, from, until time.Time) {
	org, team := partyOf(reference.Get("identifier"))
	if org == "" {
		return
	}
	g.person.Relations = append(g.person.Relations, Relation{Organisation: org, Team: team, Kind: kind, From: from, Until: until})
}

// consent reads one directive. One that is about somebody else means that
// records of two people may have been put together (case 36).
func (g *gatherer) consent(consent fhir.Value) {
	d := ReadDirective(consent)
	if patient := who(consent.Get("patient")); d.Status != Silent && patient != "" && !g.known[patient] {
		g.person.Unverified = true
	}
	g.person.Directives = append(g.person.Directives, d)
}

// modified reports that something may turn the meaning of a fact round: nothing
// may rest on it.
func modified(fact fhir.Value) bool {
	return fact.Get("implicitRules").Exists() || modifier(fact) != ""
}

// openPeriod reads a Period that need not be there; not ok means that it cannot
// be read, and then nothing may rest on it.
func openPeriod(v fhir.Value) (from, until time.Time, ok bool) {
	var r reader
	from, until = r.period(v)
	return from, until, r.fault == ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier is the earlier of two ends; a zero end is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
