package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// Every query that takes a decision has the same first arguments: the type, and
// the decision's scope.
const (
	argType      = "?1"
	argPerson    = "?2"
	argCustodian = "?3"
	argItems     = "?4"
)

// columns of a version v of a resource r, in the order in which scanVersion reads them.
const columns = `r.type, r.id, v.number, r.person, r.custodian, v.source, v.body, v.stored, v.need, v."any", v.changed`

// mine and within are the decision as a condition: on the resource's person and
// custodian, and on the label of x, the resource's current version or an old one.
const mine = `r.type = ` + argType + ` AND r.person = ` + argPerson + ` AND r.custodian = ` + argCustodian

func within(x string) string {
	return strings.ReplaceAll(`(x.need & ~`+argItems+`) = 0 AND (x."any" = 0 OR x."any" & `+argItems+` <> 0)`, "x.", x+".")
}

// noticed is the seq of the newest version that changed something the caller may
// see; extra narrows it further.
func noticed(extra string) string {
	return `(SELECT w.seq FROM versions w WHERE w.resource = r.place AND w.changed & ` + argItems + ` <> 0` + extra +
		` ORDER BY w.number DESC LIMIT 1)`
}

var (
	selectOne = `SELECT ` + columns + `, s.number, s.stored FROM resources r
		JOIN versions v ON v.seq = r.version JOIN versions s ON s.seq = ` + noticed("") + `
		WHERE ` + mine + ` AND r.id = ?5 AND ` + within("r")

	selectOld = `SELECT ` + columns + `, v.number, v.stored FROM resources r
		JOIN versions v ON v.resource = r.place AND v.number = ?6
		WHERE ` + mine + ` AND r.id = ?5 AND ` + within("r") + ` AND ` + within("v") + ` AND v.changed & ` + argItems + ` <> 0`
)

const (
	// Of those who have an identifier, who has it in use comes first.
	selectPersons = `SELECT DISTINCT i.superseded || ' ' || r.person FROM identifiers i JOIN resources r ON r.place = i.resource
		WHERE i.system = ? AND i.value = ? AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.person = r.person AND s.apart <> '')
		ORDER BY 1 LIMIT 2`
	selectPersonOf = `SELECT person FROM resources WHERE type = ? AND id = ?`
	selectEpoch    = `SELECT epoch FROM persons WHERE person = ?`
	// The first part is the person as a row of the same columns, without a type and
	// with the epoch for a number: one statement, so that epoch and facts are of
	// one moment. Read apart, an epoch could vouch for facts it has never seen.
	selectDossier = `SELECT '', '', epoch, person, custodian, '', x'', '', 0, 0, 0 FROM persons WHERE person = ?1
		UNION ALL SELECT ` + columns + ` FROM resources r JOIN versions v ON v.seq = r.version WHERE r.person = ?1 AND r.fact = 1
		UNION ALL SELECT ` + columns + ` FROM standings s JOIN resources r ON r.person = s.person JOIN versions v ON v.seq = r.version
			WHERE s.apart = ?1 AND r.type = 'Consent'`
	selectHeld    = `SELECT ` + columns + ` FROM resources r JOIN versions v ON v.seq = r.version WHERE r.person = ? ORDER BY r.place`
	selectTargets = `SELECT r.type, r.id, r.person, r.need, r."any" FROM json_each(?) wanted
		JOIN resources r ON r.type = wanted.value ->> 0 AND r.id = wanted.value ->> 1`
)

// scopeArgs are the arguments ?1 to ?4.
func scopeArgs(typ string, s records.Scope) []any {
	return []any{typ, string(s.Person), string(s.Custodian), int64(s.Items.Bits())}
}

// Read finds the current version of one resource. It implements records.Snapshot.
func (s snapshot) Read(d consent.Decision, typ, id string) (records.Visible, error) {
	return s.one(selectOne, append(scopeArgs(typ, records.ScopeOf(d, typ)), id)...)
}

// ReadVersion finds one version, where the caller may see the resource as it is
// now, what the version held, and something that it changed. It implements
// records.Snapshot.
func (s snapshot) ReadVersion(d consent.Decision, typ, id string, number uint64) (records.Visible, error) {
	if int64(number) < 0 {
		number = 0 // no version has it, nor can SQLite hold what was asked for
	}
	return s.one(selectOld, append(scopeArgs(typ, records.ScopeOf(d, typ)), id, number)...)
}

func (s snapshot) one(text string, args ...any) (records.Visible, error) {
	found, err := collect(s, scanVisible, text, args...)
	switch {
	case err != nil:
		return records.Visible{}, fmt.Errorf("reading a resource: %w", err)
	case len(found) == 0:
		return records.Visible{}, records.ErrNothing
	}
	return found[0], nil
}

// Person resolves a business identifier. It implements records.Snapshot.
func (s snapshot) Person(system, value string) (profiles.PersonID, error) {
	id := records.Identifier{System: system, Value: value}.Normal()
	found, err := collect(s, scanText, selectPersons, id.System, id.Value)
	switch {
	case err != nil:
		return "", fmt.Errorf("resolving an identifier: %w", err)
	case len(found) == 0 || len(found) == 2 && found[0][0] == found[1][0]:
		return "", records.ErrNothing
	}
	return profiles.PersonID(found[0][2:]), nil
}

// PersonOf tells whom a stored resource is about. It implements records.Snapshot.
func (s snapshot) PersonOf(typ, id string) (profiles.PersonID, error) {
	found, err := collect(s, scanText, selectPersonOf, typ, id)
	switch {
	case err != nil:
		return "", fmt.Errorf("finding whom a resource is about: %w", err)
	case len(found) == 0:
		return "", records.ErrNothing
	}
	return profiles.PersonID(found[0]), nil
}

// Epoch implements records.Snapshot.
func (s snapshot) Epoch(person profiles.PersonID) (uint64, error) {
	epoch, _, err := first(s, scanNumber, selectEpoch, string(person))
	return uint64(epoch), err
}

// Held is everything that is kept about a person. It implements records.Snapshot.
func (s snapshot) Held(person profiles.PersonID) ([]records.Version, error) {
	if person == "" {
		return nil, s.ctx.Err()
	}
	held, err := collect(s, scanVersion, selectHeld, string(person))
	if err != nil {
		return nil, fmt.Errorf("reading what is kept about a person: %w", err)
	}
	return held, nil
}

// Dossier gathers the facts about a person. It implements records.Snapshot.
func (s snapshot) Dossier(person profiles.PersonID) (records.Dossier, error) {
	dossier := records.Dossier{Person: person}
	standing, err := s.Standing(person)
	if err != nil {
		return records.Dossier{}, err
	}
	dossier.Standing = facts.Standing{Apart: standing.Apart != "", Confirmed: standing.Confirmed}
	rows, err := collect(s, scanVersion, selectDossier, string(person))
	if err != nil {
		return records.Dossier{}, fmt.Errorf("gathering facts: %w", err)
	}
	for _, row := range rows {
		if row.Type == "" {
			dossier.Custodian, dossier.Epoch = row.Custodian, row.Number
			continue
		}
		dossier.Facts = append(dossier.Facts, row)
	}
	records.SortFacts(dossier.Facts)
	return dossier, nil
}

// Targets tells what references lead to. It implements records.Snapshot.
func (s snapshot) Targets(refs []string) (map[string]disclosure.Target, error) {
	wanted := make([][]string, 0, len(refs))
	for _, ref := range refs {
		if typ, id, ok := strings.Cut(ref, "/"); ok {
			wanted = append(wanted, []string{typ, id})
		}
	}
	list, err := json.Marshal(wanted)
	if err != nil {
		return nil, fmt.Errorf("listing references: %w", err)
	}
	targets := make(map[string]disclosure.Target, len(wanted))
	_, err = collect(s, func(rows *sql.Rows) (_ struct{}, err error) {
		var typ, id string
		var target disclosure.Target
		err = rows.Scan(&typ, &id, &target.Person, items{&target.Label.Need}, items{&target.Label.Any})
		targets[typ+"/"+id] = target
		return struct{}{}, err
	}, selectTargets, string(list))
	if err != nil {
		return nil, fmt.Errorf("finding targets: %w", err)
	}
	return targets, nil
}
