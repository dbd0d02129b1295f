package relational

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cpagateway/consent/disclosure"
	"cpagateway/consent/facts"
	"cpagateway/gateway/persons"
	"cpagateway/gateway/records"
	"cpagateway/profiles"
)

// columns of a version v with its label l of a resource r, in the order in which
// scanVersion reads them; of a current version the label stands in its resource.
const (
	columns        = versionOf + `, l.need, l."any", v.deleted`
	currentColumns = versionOf + `, r.need, r."any", v.deleted`
	versionOf      = `r.type, r.id, v.number, r.person, r.custodian, v.source, v.origin, v.body, v.stored`
)

var (
	selectOne = `WITH ` + scopes + ` SELECT ` + currentColumns + `, seen.number, seen.stored
		FROM scope CROSS JOIN resources r JOIN versions v ON v.seq = r.version
		JOIN versions seen ON seen.seq = ` + noticed("r", "scope", "") + `
		WHERE r.id = ?2 AND ` + found

	// The versions of one place are walked by their index until there are enough of them.
	selectOld = `WITH ` + scopes + `, scoped AS MATERIALIZED (SELECT r.place, scope.items
			FROM scope CROSS JOIN resources r WHERE r.id = ?2 AND ` + found + ` AND scope.plans = 0)
		SELECT ` + columns + `, v.number, v.stored
		FROM versions v CROSS JOIN labels l CROSS JOIN scoped CROSS JOIN resources r
		WHERE v.resource = (SELECT place FROM scoped) AND v.number BETWEEN ?3 AND ?4 AND v.deleted = 0
		AND l.version = v.seq AND ` + within("l", "scoped") + ` AND r.place = v.resource
		AND EXISTS (SELECT 1 FROM changes c WHERE c.version = v.seq AND ` + within("c", "scoped") + `)
		ORDER BY v.number DESC LIMIT (?5 + 0)`
)

const (
	// Of those who have an identifier, who has it in use comes first.
	selectPersons = `SELECT DISTINCT i.superseded || ' ' || r.person FROM identifiers i JOIN resources r ON r.place = i.resource
		WHERE i.system = ? AND i.value = ? AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.person = r.person AND s.apart <> '')
		ORDER BY 1 LIMIT 2`
	selectPersonOf    = `SELECT person FROM resources WHERE type = ? AND id = ?`
	selectCustodianOf = `SELECT custodian FROM resources WHERE type = ? AND id = ?`
	selectGeneration  = `SELECT generation FROM persons WHERE person = ?`
	// One step of an index for each custodian, however many resources each has.
	custodians = `WITH RECURSIVE c (custodian) AS (SELECT min(custodian) FROM resources WHERE person = ?1
			UNION ALL SELECT (SELECT min(r.custodian) FROM resources r WHERE r.person = ?1 AND r.custodian > c.custodian) FROM c WHERE c.custodian IS NOT NULL)
		SELECT 'custodian', 0, custodian, '' FROM c WHERE EXISTS (SELECT 1 FROM resources r WHERE r.person = ?1 AND r.custodian = c.custodian AND r.deleted = 0)`
	byKind           = ` ORDER BY 1, 2, 3`
	selectCustodians = custodians + byKind
	selectHistory    = `SELECT ` + columns + ` FROM resources r JOIN versions v ON v.resource = r.place JOIN labels l ON l.version = v.seq
		WHERE r.type = ? AND r.id = ? ORDER BY v.number DESC`
	selectHeld = `SELECT ` + currentColumns + ` FROM resources r JOIN versions v ON v.seq = r.version
		WHERE r.person = ?1 AND (?2 = '' OR r.type = ?2) ORDER BY r.place`
	// The custodians; the facts of the person, in the order of first storing; its state; and
	// the wishes of records that are kept apart: as addHolding reads them.
	selectHoldings = custodians + ` UNION ALL SELECT 'fact', resource, '', body FROM compiled WHERE person = ?1
		UNION ALL SELECT 'state', coalesce((SELECT generation FROM persons WHERE person = ?1), 0), '', (SELECT body FROM standings WHERE person = ?1)
		UNION ALL SELECT 'wish', c.resource, '', c.body FROM standings s CROSS JOIN compiled c CROSS JOIN resources r
			WHERE c.person = s.person AND r.place = c.resource AND s.apart = ?1 AND r.type = 'Consent'` + byKind
	selectDirectory = `SELECT w.value ->> 0, w.value ->> 1, r.version, c.body
		FROM json_each(?) w CROSS JOIN resources r LEFT JOIN compiled c ON c.resource = r.place WHERE ` + referred
	selectSequence = `SELECT last FROM changed WHERE id = 1`
	selectEditions = `SELECT w.value ->> 0, w.value ->> 1, r.version FROM json_each(?) w CROSS JOIN resources r WHERE ` + referred
	// What listedReferences lead to in the directory. CROSS keeps SQLite from walking the
	// whole directory, and looking through the list for each of its records.
	referred      = `r.type = w.value ->> 2 AND r.id = w.value ->> 3 AND r.custodian = w.value ->> 0 AND r.person = ''`
	selectTargets = `SELECT r.type, r.id, r.person, r.need, r."any" FROM json_each(?) wanted
		JOIN resources r ON r.type = wanted.value ->> 0 AND r.id = wanted.value ->> 1 AND r.custodian = ? AND r.deleted = 0`
)

// Read finds the current version of one resource. It implements records.Snapshot.
func (s snapshot) Read(scopes []records.Scope, id string) (records.Visible, error) {
	args, err := scopeArgs(scopes)
	if err != nil {
		return records.Visible{}, err
	}
	return existing(s, "reading a resource", records.ErrNothing, scanVisible, selectOne, append(args, id)...)
}

// ReadVersion finds one version, where the caller may see the resource as it is
// now, what the version held, and something that it changed. It implements
// records.Snapshot.
func (s snapshot) ReadVersion(scopes []records.Scope, id string, number uint64) (records.Visible, error) {
	if int64(number) < 0 {
		number = 0 // no version has it, nor can SQLite hold what was asked for
	}
	found, err := s.versions(scopes, id, number, number, 1)
	if err == nil && len(found) == 0 {
		err = records.ErrNothing
	}
	if err != nil {
		return records.Visible{}, err
	}
	return found[0], nil
}

// Versions implements records.Snapshot.
func (s snapshot) Versions(scopes []records.Scope, id string, below uint64, limit int) ([]records.Visible, error) {
	return s.versions(scopes, id, 1, below-1, limit)
}

// versions are those with numbers from one to another. Of a resource that is held to current
// plans it is the one that is read now, as far as its number is among them.
func (s snapshot) versions(scopes []records.Scope, id string, from, to uint64, limit int) ([]records.Visible, error) {
	args, err := scopeArgs(scopes)
	if err != nil {
		return nil, err
	}
	found, err := collect(s, scanVisible, selectOld, append(args, id, from, to, limit)...)
	holds := slices.ContainsFunc(scopes, func(s records.Scope) bool { return s.Current != records.AllPlans })
	if err != nil || !holds || len(found) > 0 {
		return found, doing("reading versions of a resource", err)
	}
	now, err := s.Read(scopes, id)
	if errors.Is(err, records.ErrNothing) {
		return nil, nil
	}
	holds = slices.ContainsFunc(scopes, func(s records.Scope) bool { return s.Sees(now.Version) && s.Current != records.AllPlans })
	if err != nil || !holds || now.SeenNumber < from || now.SeenNumber > to {
		return nil, err
	}
	return []records.Visible{now}, nil
}

// Person resolves a business identifier. It implements records.Snapshot.
func (s snapshot) Person(system, value string) (profiles.PersonID, error) {
	id := records.Identifier{System: system, Value: value}.Normal()
	found, err := collect(s, scanOne[string], selectPersons, keyOf(id.System), keyOf(id.Value))
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
	return existing(s, "finding whom a resource is about", records.ErrNothing, scanOne[profiles.PersonID], selectPersonOf, typ, id)
}

// CustodianOf tells whose a stored resource is. It implements records.Snapshot.
func (s snapshot) CustodianOf(typ, id string) (profiles.OrgCode, error) {
	return existing(s, "finding whose a resource is", records.ErrNothing, scanOne[profiles.OrgCode], selectCustodianOf, typ, id)
}

// Generation implements records.Snapshot.
func (s snapshot) Generation(person profiles.PersonID) (uint64, error) {
	generation, _, err := first(s, scanOne[int64], selectGeneration, string(person))
	return uint64(generation), err
}

// Sequence implements records.Snapshot. A transaction asks the file once, and again
// after a change of its own: everything that is recorded together asks for it.
func (s snapshot) Sequence() (uint64, error) {
	if s.sequence == 0 {
		last, _, err := first(s, scanOne[int64], selectSequence)
		if err != nil {
			return 0, fmt.Errorf("reading the number of the last change: %w", err)
		}
		s.sequence = uint64(last)
	}
	return s.sequence, nil
}

// Incarnation implements records.Snapshot. Nobody puts a database back without ending its
// server, and with it every connection: so it is that of the connection.
func (s snapshot) Incarnation() string { return s.run }

// Editions implements records.Snapshot.
func (s snapshot) Editions(refs []records.Reference) (map[records.Reference]uint64, error) {
	list, err := listedReferences(refs)
	if err != nil {
		return nil, err
	}
	editions := make(map[records.Reference]uint64, len(refs))
	err = eachRow(s, func(rows *sql.Rows) error {
		var ref records.Reference
		var version uint64
		err := rows.Scan(&ref.Custodian, &ref.Text, &version)
		editions[ref] = version
		return err
	}, selectEditions, list)
	return editions, doing("looking for changes of the directory", err)
}

// listedReferences is references as SQL takes them: custodian, text, type and id of each,
// without those that can lead to nothing.
func listedReferences(refs []records.Reference) (string, error) {
	wanted := make([][4]string, 0, len(refs))
	for _, ref := range refs {
		if typ, id, ok := strings.Cut(ref.Text, "/"); ok && keyOf(ref.Text) == ref.Text {
			wanted = append(wanted, [4]string{string(ref.Custodian), ref.Text, typ, id})
		}
	}
	list, err := listed(wanted)
	return list, doing("listing references", err)
}

// Current is the current version of a resource. It implements records.Snapshot.
func (s snapshot) Current(typ, id string) (records.Version, error) {
	return existing(s, "reading the current version", records.ErrNothing, scanVersion, selectCurrent, typ, id)
}

// History is every version of a resource. It implements records.Snapshot.
func (s snapshot) History(typ, id string) ([]records.Version, error) {
	history, err := collect(s, scanVersion, selectHistory, typ, id)
	return history, doing("reading every version", err)
}

// Held is what is kept about a person. It implements records.Snapshot.
func (s snapshot) Held(person profiles.PersonID, typ string) ([]records.Version, error) {
	if person == "" {
		return nil, s.ctx.Err()
	}
	held, err := collect(s, scanVersion, selectHeld, string(person), typ)
	return held, doing("reading what is kept about a person", err)
}

// Holdings gathers what decisions about a person rest on. It implements
// records.Snapshot.
func (s snapshot) Holdings(person profiles.PersonID) (records.Holdings, error) {
	h := records.Holdings{Person: person}
	text := selectHoldings
	if person == "" {
		text = selectCustodians
	}
	err := eachRow(s, func(rows *sql.Rows) error { return addHolding(&h, rows) }, text, string(person))
	if err != nil {
		return h, fmt.Errorf("gathering facts: %w", err)
	}
	if person == "" {
		return h, nil
	}
	return h, h.LookUp(s.directory)
}

// addHolding reads a row of selectHoldings.
func addHolding(h *records.Holdings, rows *sql.Rows) error {
	var kind string
	var number uint64
	var custodian profiles.OrgCode
	var body []byte
	err := rows.Scan(&kind, &number, &custodian, &body)
	switch {
	case err != nil:
	case kind == "custodian":
		h.Custodians = append(h.Custodians, custodian)
	case kind == "state":
		h.Generation = number
		if body != nil {
			var standing persons.Standing
			err = json.Unmarshal(body, &standing)
			h.Identity = facts.IdentityState{Apart: standing.Apart != "", Confirmed: standing.Confirmed}
		}
	default:
		fact := facts.Compiled{Apart: kind == "wish"}
		err = json.Unmarshal(body, &fact)
		h.Facts = append(h.Facts, fact)
	}
	return err
}

// directory is what references lead to in the directory, with what was removed.
func (s snapshot) directory(refs []records.Reference) (map[records.Reference]records.Consulted, error) {
	list, err := listedReferences(refs)
	if err != nil {
		return nil, err
	}
	entries := make(map[records.Reference]records.Consulted, len(refs))
	err = eachRow(s, func(rows *sql.Rows) error {
		var ref records.Reference
		var found records.Consulted
		var body []byte
		err := rows.Scan(&ref.Custodian, &ref.Text, &found.Edition, &body)
		if err == nil && body != nil {
			err = json.Unmarshal(body, &found.Compiled)
		}
		entries[ref] = found
		return err
	}, selectDirectory, list)
	return entries, doing("looking into the directory", err)
}

// Targets tells what references lead to. It implements records.Snapshot.
func (s snapshot) Targets(custodian profiles.OrgCode, refs []string) (map[string]disclosure.Target, error) {
	wanted := make([][]string, 0, len(refs))
	for _, ref := range refs {
		if typ, id, ok := strings.Cut(ref, "/"); ok && keyOf(ref) == ref { // nothing has a longer name
			wanted = append(wanted, []string{typ, id})
		}
	}
	targets := make(map[string]disclosure.Target, len(wanted))
	if len(wanted) == 0 {
		return targets, s.ctx.Err()
	}
	list, err := listed(wanted)
	if err != nil {
		return nil, fmt.Errorf("listing references: %w", err)
	}
	err = eachRow(s, func(rows *sql.Rows) error {
		var typ, id string
		var target disclosure.Target
		err := rows.Scan(&typ, &id, &target.Person, items{&target.Label.Need}, items{&target.Label.Any})
		targets[typ+"/"+id] = target
		return err
	}, selectTargets, list, string(custodian))
	return targets, doing("finding targets", err)
}
