package relational

import (
	"encoding/json"

	"cpagateway/gateway/records"
	"cpagateway/gateway/search"
	"cpagateway/profiles"
)

const (
	deleteTerms       = `DELETE FROM terms WHERE resource = ?`
	deleteIdentifiers = `DELETE FROM identifiers WHERE resource = ?`
	deleteCompiled    = `DELETE FROM compiled WHERE resource = ?`
	// Whom the identifiers of a Patient lead to changes with them.
	raiseNamesakes = `UPDATE persons SET generation = ?1 WHERE person IN (SELECT r.person FROM identifiers own
		JOIN identifiers other ON other.system = own.system AND other.value = own.value JOIN resources r ON r.place = other.resource WHERE own.resource = ?2)`
)

var (
	labelRows = insertsInto(`labels (version, rules, need, "any")`).
			onConflict(`(version) DO UPDATE SET rules = excluded.rules, need = excluded.need, "any" = excluded."any"`)
	changeRows     = insertsInto(`changes (version, need, "any")`)
	sortValueRows  = insertsInto(`sort_values (version, param, need, low, high)`)
	termRows       = insertsInto("terms (resource, number, person, custodian, type, param, kind, value, system, need, low, high)")
	compiledRows   = insertsInto(`compiled (resource, person, body)`)
	identifierRows = insertsInto(`identifiers (system, value, resource, superseded)`)
)

// label writes what versions are, to whom each is a new one, and what it sorts by.
func (t tx) label(versions []*version) error {
	err := t.insert(labelRows, len(versions), func(i int) []any {
		v := versions[i]
		return []any{v.seq, records.Rules, bits(v.Derived.Label.Need), bits(v.Derived.Label.Any)}
	})
	if err != nil {
		return err
	}
	err = insertEach(t, changeRows, versions, func(v *version) []profiles.Label { return v.Changes }, func(v *version, i int) []any {
		return []any{v.seq, bits(v.Changes[i].Need), bits(v.Changes[i].Any)}
	})
	if err != nil {
		return err
	}
	return insertEach(t, sortValueRows, versions, func(v *version) []records.Span { return v.Spans }, func(v *version, i int) []any {
		s := v.Spans[i]
		return []any{v.seq, s.Param, bits(s.Need), s.Low, s.High}
	})
}

// index writes what resources are found by, of which these are the current versions, in
// place of what those that are kept were found by before.
func (t tx) index(change int64, current []*version) error {
	for _, v := range current {
		if v.resource == nil || v.resource.before.Number > 0 {
			if err := t.forget(change, v); err != nil {
				return err
			}
		}
	}
	if err := t.insertTerms(current); err != nil {
		return err
	}
	if err := t.insertCompiled(current); err != nil {
		return err
	}
	err := insertEach(t, identifierRows, current, func(v *version) []records.Identifier { return v.Identifiers }, func(v *version, i int) []any {
		id := v.Identifiers[i]
		return []any{keyOf(id.System), keyOf(id.Value), v.place, flag(id.Superseded)}
	})
	if err != nil {
		return err
	}
	for _, v := range current {
		if len(v.Identifiers) > 0 {
			if err := t.exec(t.ctx, raiseNamesakes, change, v.place); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget takes what a resource's last version was found by out of the index.
func (t tx) forget(change int64, v *version) error {
	if v.Type == "Patient" {
		if err := t.exec(t.ctx, raiseNamesakes, change, v.place); err != nil {
			return err
		}
		if err := t.exec(t.ctx, deleteIdentifiers, v.place); err != nil {
			return err
		}
	}
	if err := t.exec(t.ctx, deleteCompiled, v.place); err != nil {
		return err
	}
	return t.exec(t.ctx, deleteTerms, v.place)
}

func (t tx) insertTerms(current []*version) error {
	return insertEach(t, termRows, current, func(v *version) []search.Entry { return v.Entries }, func(v *version, i int) []any {
		e := v.Entries[i]
		return []any{v.place, i + 1, string(v.Person), string(v.Custodian), v.Type, e.Param, int64(e.Kind), keyOf(termValue(e)), keyOf(e.System),
			bits(e.Need), records.TimeText(e.From), records.TimeText(e.Until)}
	})
}

func (t tx) insertCompiled(current []*version) error {
	var rows [][]any
	for _, v := range current {
		if v.Compiled == nil {
			continue
		}
		body, err := json.Marshal(v.Compiled)
		if err != nil {
			return err
		}
		rows = append(rows, []any{v.place, string(v.Person), string(body)})
	}
	return t.insertRows(compiledRows, rows)
}
