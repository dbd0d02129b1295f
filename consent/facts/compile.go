package facts

import (
	"strings"
	"time"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Rules is the version of the rules by which Compile reads. It moves with every change
// after which what was compiled before could let anybody see more than it should: that
// must be compiled again from its resource, and until then Compose takes it for
// unreadable. What is only read beside the rest comes with the next reindex.
const Rules = 1

// Compiled is what a decision needs of one resource, read once, when the resource
// is stored. It is a plain value: encoding/json writes it and reads the same back.
// Which of the members is there depends on the type.
type Compiled struct {
	Rules          int              `json:"rules"`
	Custodian      profiles.OrgCode `json:"custodian"` // whose record the resource is
	Type           string           `json:"type"`
	Identity       *Identity        `json:"identity,omitempty"` // Patient
	Participations []Participation  `json:"parts,omitempty"`    // CareTeam, EpisodeOfCare, Patient
	Directive      *Directive       `json:"directive,omitempty"`
	About          string           `json:"about,omitempty"` // whom a Consent names as its patient
	Entry          *DirectoryEntry  `json:"entry,omitempty"` // Organization, PractitionerRole

	// Apart says that the resource is of a record that claims this person's NHS number
	// and contradicts who they are. Of its wishes those that refuse count, for routine
	// sharing; nothing else of it is a fact about this person.
	Apart bool `json:"-"`
}

// IdentityState is what was found out, or settled, about whose a person's records are;
// the zero value, where nothing was in question.
type IdentityState struct {
	Apart     bool     // they claim another person's NHS number, and are closed until somebody has said whose they are
	Confirmed []string // names, as in Identity, that somebody confirmed to be this person's
}

// Identity is who a Patient resource says that the person is.
type Identity struct {
	Names     []string  `json:"names"`             // by which references lead here: "Patient/id" and identifiers as "system|value"
	Numbers   []string  `json:"numbers,omitempty"` // NHS numbers in use
	Links     []string  `json:"links,omitempty"`   // names of other records said to be of the same person; empty for one that names none
	Modified  bool      `json:"modified,omitempty"`
	Born      time.Time `json:"born,omitzero"`
	BornUntil time.Time `json:"bornUntil,omitzero"`
	Deceased  bool      `json:"deceased,omitempty"`
}

// Participation is somebody's part in a person's care: who, by organisation and team
// or, where no identifier names these, by the literal reference to a directory record.
type Participation struct {
	Kind         RelationKind     `json:"kind"`
	Organisation profiles.OrgCode `json:"organisation,omitempty"`
	Team         profiles.TeamID  `json:"team,omitempty"`
	Reference    string           `json:"reference,omitempty"`
	From         time.Time        `json:"from,omitzero"`
	Until        time.Time        `json:"until,omitzero"`
}

// DirectoryEntry is what a directory record says of who it stands for: an organisation or
// team by its own identifier, or, for a PractitionerRole, the organisation it refers
// to. Names and displays say nothing, and an organisation without an identifier that
// agreements know is nobody, whatever it is part of.
type DirectoryEntry struct {
	Organisation profiles.OrgCode `json:"organisation,omitempty"`
	Team         profiles.TeamID  `json:"team,omitempty"`
	Reference    string           `json:"reference,omitempty"` // of the Organization that a PractitionerRole acts for
	From         time.Time        `json:"from,omitzero"`       // when the role is held
	Until        time.Time        `json:"until,omitzero"`
}

// compilers read the types that Compile knows.
var compilers = map[string]func(*Compiled, fhir.Value){
	"Patient":          (*Compiled).patient,
	"CareTeam":         (*Compiled).careTeam,
	"EpisodeOfCare":    (*Compiled).episode,
	"Consent":          (*Compiled).consent,
	"Organization":     (*Compiled).organisation,
	"PractitionerRole": (*Compiled).practitionerRole,
}

// Compiles reports whether decisions need anything of a type.
func Compiles(typ string) bool { return compilers[typ] != nil }

// Compile reads one resource of a custodian. It is pure and total, reads nothing
// of a type that Compiles does not name, and never guesses: organisations and teams
// are told by identifiers (ODS code or profiles.TeamSystem) alone.
func Compile(custodian profiles.OrgCode, resource fhir.Value) Compiled {
	c := Compiled{Rules: Rules, Custodian: custodian, Type: resource.Type()}
	if read := compilers[c.Type]; read != nil {
		read(&c, resource)
	}
	return c
}

// MaxReferences is how many references lead from a fact to who it names: one to a
// PractitionerRole, and from there one to the organisation it is for.
const MaxReferences = 2

// References are the literal references that composing will look up in the
// directory of the custodian.
func (c *Compiled) References() []string {
	var list []string
	for _, p := range c.Participations {
		if p.Reference != "" {
			list = append(list, p.Reference)
		}
	}
	if c.Entry != nil && c.Entry.Reference != "" {
		list = append(list, c.Entry.Reference)
	}
	return list
}

func (c *Compiled) patient(patient fhir.Value) {
	id := &Identity{
		Names:    []string{"Patient/" + patient.ID()},
		Modified: modified(patient),
		Deceased: patient.Get("deceasedBoolean").Bool() || patient.Get("deceasedDateTime").Exists(),
	}
	for identifier := range patient.Get("identifier").Each() {
		system, value := identifier.Get("system").Text(), identifier.Get("value").Text()
		if value != "" {
			id.Names = append(id.Names, system+"|"+value)
		}
	}
	for _, n := range profiles.PatientNumbers(patient) {
		if !n.Superseded { // a wrong check digit, or no number at all, still tells two numbers apart
			id.Numbers = append(id.Numbers, n.Normal)
		}
	}
	for link := range patient.Get("link").Each() {
		// A RelatedPerson is the same human in another part, not another record of theirs.
		if other := referenceKey(link.Get("other")); !strings.HasPrefix(other, "RelatedPerson/") {
			id.Links = append(id.Links, other)
		}
	}
	if from, until, err := fhir.Interval(patient.Get("birthDate").Text(), profiles.London); err == nil {
		id.Born, id.BornUntil = storable(from), storable(until)
	}
	for gp := range patient.Get("generalPractitioner").Each() {
		c.participation(RegisteredPractice, gp, time.Time{}, time.Time{})
	}
	c.Identity = id
}

// careTeam gives every participant of an active team a participation, for as long as
// both the team's period and the participant's are open.
func (c *Compiled) careTeam(team fhir.Value) {
	if !team.Get("status").Is("active") || modified(team) {
		return
	}
	from, until, ok := openPeriod(team.Get("period"))
	if !ok {
		return
	}
	for managing := range team.Get("managingOrganization").Each() {
		c.participation(CareTeamMember, managing, from, until)
	}
	for participant := range team.Get("participant").Each() {
		begins, ends, ok := openPeriod(participant.Get("period"))
		if !ok {
			continue
		}
		begins, ends = later(begins, from), earlier(ends, until)
		c.participation(CareTeamMember, participant.Get("member"), begins, ends)
		c.participation(CareTeamMember, participant.Get("onBehalfOf"), begins, ends)
	}
}

// episode gives the organisation that provides the care its participation.
func (c *Compiled) episode(episode fhir.Value) {
	if status := episode.Get("status"); !status.Is("active") && !status.Is("onhold") || modified(episode) {
		return
	}
	if from, until, ok := openPeriod(episode.Get("period")); ok {
		c.participation(EpisodeProvider, episode.Get("managingOrganization"), from, until)
	}
}

// participation keeps whom a reference names: by its identifier or, where that says nothing,
// by what it leads to in the directory.
func (c *Compiled) participation(kind RelationKind, reference fhir.Value, from, until time.Time) {
	p := Participation{Kind: kind, From: from, Until: until}
	p.Organisation, p.Team = partyOf(reference.Get("identifier"))
	if p.Organisation == "" {
		p.Reference = directoryReference(reference, "Organization/", "PractitionerRole/")
	}
	if p.Organisation != "" || p.Reference != "" {
		c.Participations = append(c.Participations, p)
	}
}

func directoryReference(reference fhir.Value, types ...string) string {
	literal := reference.Get("reference").Text()
	for _, typ := range types {
		if strings.HasPrefix(literal, typ) {
			return literal
		}
	}
	return ""
}

func (c *Compiled) consent(consent fhir.Value) {
	d := ReadDirective(consent)
	d.Custodian = c.Custodian
	c.Directive, c.About = &d, referenceKey(consent.Get("patient"))
}

// organisation reads who an Organization is. One whose identifiers name two
// organisations, or two teams, is nobody; a team's identifier is narrower than the
// ODS code of its organisation, and wins.
func (c *Compiled) organisation(organisation fhir.Value) {
	if modified(organisation) || inactive(organisation) {
		return
	}
	var e DirectoryEntry
	for identifier := range organisation.Get("identifier").Each() {
		org, team := partyOf(identifier)
		if org == "" {
			continue
		}
		if e.Organisation != "" && org != e.Organisation || e.Team != "" && team != "" && team != e.Team {
			return
		}
		e.Organisation = org
		if team != "" {
			e.Team = team
		}
	}
	if e.Organisation != "" {
		c.Entry = &e
	}
}

// practitionerRole reads for whom somebody works.
func (c *Compiled) practitionerRole(role fhir.Value) {
	from, until, ok := openPeriod(role.Get("period"))
	if modified(role) || inactive(role) || !ok {
		return
	}
	e := DirectoryEntry{From: from, Until: until}
	reference := role.Get("organization")
	e.Organisation, e.Team = partyOf(reference.Get("identifier"))
	if e.Organisation == "" {
		e.Reference = directoryReference(reference, "Organization/")
	}
	if e.Organisation != "" || e.Reference != "" {
		c.Entry = &e
	}
}

// inactive reports that a record is no longer in use, or does not say so in a way that can be read.
func inactive(record fhir.Value) bool {
	active := record.Get("active")
	return active.Exists() && !active.Bool()
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

// lastInstant is the last that JSON can hold; "9999-12-31" as an end lies beyond it.
var lastInstant = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// storable is an instant in UTC, as it comes back from where it was kept.
func storable(t time.Time) time.Time {
	if t.After(lastInstant) {
		return lastInstant
	}
	return t.UTC()
}
