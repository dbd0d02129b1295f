package mhsds

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"

	"cpagateway/mapping/scratch"
)

// most is how many bytes of rows are at work at once. It is more than the rows of one
// person may have.
var most = 2 << 20

// grouped puts tables together of which one hangs on another, but for the header's.
func grouped(tables []*table) (groups [][]*table) {
	of := map[string]int{}
	for _, t := range tables {
		switch {
		case t.code == headerTable:
		case t.hangs == nil:
			of[t.code] = len(groups)
			groups = append(groups, []*table{t})
		default:
			i := of[t.hangs.parent.table]
			of[t.code] = i
			groups[i] = append(groups[i], t)
		}
	}
	return groups
}

// room is all rows of some tables that hang together, from their reading until they are at
// work. While they are few they stay as they came. Many are divided, so that what hangs
// on one row, such as a person's, is in one part: each part can then be judged by itself,
// but for keys that rows of two persons may share.
type room struct {
	extract *extract
	tables  []*table
	stock   stock // of the rows, until it is divided
	rows    []*row
	size    int              // of what they are encoded to
	parts   *scratch.Shelves // once it is divided
	index   *scratch.Index   // which part a row is in, by what others find it by; which keys are there, and which twice
	twice   map[*rule]bool   // some key of it is there twice
	twins   *scratch.Table   // of such a key two of its rows
	entry   []byte
}

// keysInMemory is how many keys of a room stand in memory.
const keysInMemory = 1 << 19

func newRoom(x *extract, tables []*table) *room {
	return &room{extract: x, tables: tables}
}

func (m *room) has(t *table) bool { return slices.Contains(m.tables, t) }
func (m *room) isDivided() bool   { return m.parts != nil }

func (x *extract) roomOf(t *table) *room {
	for _, m := range x.rooms {
		if m.has(t) {
			return m
		}
	}
	return &room{}
}

// add takes a row that was read.
func (m *room) add(r *row) error {
	if !m.isDivided() {
		if m.size += r.size(); m.size <= most || m.extract.env.Scratch == nil {
			m.rows = append(m.rows, m.stock.keep(r))
			return nil
		}
		if err := m.divide(); err != nil {
			return err
		}
	}
	return m.addToPart(r)
}

func (m *room) addToPart(r *row) error {
	m.entry = encode(m.entry[:0], r)
	return m.parts.Add(m.route(r), m.entry)
}

// divide puts the rows that are there already into parts.
func (m *room) divide() error {
	files := m.extract.env.Scratch
	came := m.rows
	m.stock, m.rows, m.parts, m.twice = stock{}, nil, scratch.NewShelves(files), map[*rule]bool{}
	m.index, m.twins = scratch.NewIndex(files, keysInMemory), scratch.NewTable(files)
	for _, r := range came {
		if err := m.addToPart(r); err != nil {
			return err
		}
	}
	return nil
}

// What a number in the index says beside the part.
const (
	isBroken = 1 << iota // of a row that others find: it could not be read
	isTwice              // of a key: another row has it
	isThere
	partBits = ^uint64(isBroken | isTwice | isThere)
)

// route is the part that a row goes to: that of the row which it hangs on, which was
// read before. What others find the row by, and its keys, are noted.
func (m *room) route(r *row) (part uint64) {
	t := r.in.table
	value := m.normal(r, t.togetherBy)
	switch {
	case value == "":
		part = number(keyOf("row", strconv.Itoa(r.in.number), strconv.Itoa(r.number)))
	case t.hangs == nil:
		part = number(keyOf("found", t.code, t.togetherBy, value))
	default:
		at := t.hangs.parent
		key := keyOf("found", at.table, at.field, value)
		if part = number(key); t.above.hangs != nil || at.field != t.above.togetherBy {
			part = cmp.Or(m.index.Get(key), part)
		}
	}
	part &= partBits
	m.note(r, part)
	return part
}

func (m *room) note(r *row, part uint64) {
	t := r.in.table
	for _, field := range t.below {
		value := m.normal(r, field)
		if value == "" || t.hangs == nil && field == t.togetherBy { // the value itself says where it is
			continue
		}
		key, is := keyOf("found", t.code, field, value), part|isThere
		if r.broken != "" {
			is |= isBroken
		}
		if before := m.index.Get(key); before == 0 || before&isBroken != 0 && is&isBroken == 0 {
			m.index.Put(key, is)
		}
	}
	for _, rule := range t.rules {
		if !rule.wide {
			continue
		}
		if key, ok := m.uniqueKey(r, rule); ok {
			switch before := m.index.Get(key); {
			case before == 0:
				m.index.Put(key, isThere)
			case before&isTwice == 0:
				m.twice[rule] = true
				m.index.Put(key, isThere|isTwice)
			}
		}
	}
}

// normal is the text of a field in its form, or as it stands.
func (m *room) normal(r *row, field string) string {
	text, ok := r.Field(field)
	if form := r.in.table.forms[field]; ok && form != nil && r.broken == "" {
		if normal, ok := form(m.extract, r, text); ok {
			return normal
		}
	}
	return text
}

// uniqueKey is what two rows may not have both, false where the rule does not ask.
func (m *room) uniqueKey(r *row, rule *rule) (scratch.Key, bool) {
	if r.broken != "" {
		return scratch.Key{}, false
	}
	parts := []string{"unique", rule.id}
	for i, field := range rule.unique {
		text, ok := r.Field(field)
		if form := r.in.table.forms[field]; ok && form != nil {
			normal, wellFormed := form(m.extract, r, text)
			if !wellFormed {
				return scratch.Key{}, false
			}
			text = normal
		}
		if !ok && i == 0 {
			return scratch.Key{}, false
		}
		parts = append(parts, text)
	}
	return keyOf(parts...), true
}

// keyOf is the digest of some texts.
func keyOf(parts ...string) scratch.Key {
	var space [256]byte
	text := space[:0]
	for _, part := range parts {
		text = appendText(text, part)
	}
	sum := sha256.Sum256(text)
	return scratch.Key(sum[:len(scratch.Key{})])
}

func number(key scratch.Key) uint64 { return binary.BigEndian.Uint64(key[:]) }

// finish puts the rows to work.
func (m *room) finish(ctx context.Context) error {
	if !m.isDivided() {
		rows := m.rows
		m.stock, m.rows = stock{}, nil
		return m.extract.work(ctx, m.tables, rows)
	}
	if err := m.noteTwins(); err != nil {
		return err
	}
	return m.parts.Each(most, func(part *scratch.Part) error {
		if part.Size() > most {
			return m.refuse(ctx, part)
		}
		rows, err := m.extract.rows(part.All())
		if err != nil {
			return err
		}
		return m.extract.work(ctx, m.tables, rows)
	})
}

// tooMany is the rule of rows that hang on one row and are more than can be held.
var tooMany = &rule{id: "TOO-MANY-ROWS", effect: rejects}

// refuse sets rows aside that are too many to be judged together.
func (m *room) refuse(ctx context.Context, part *scratch.Part) error {
	for text, err := range part.All() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			m.extract.report.Refused++
			err = m.extract.tell(m.extract.decode(text), tooMany, "more rows hang on one row than can be held together: no person has so many")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noteTwins keeps two rows of each key that is there twice: a fragment holds such a row
// beside the one that it is set aside for.
func (m *room) noteTwins() error {
	if err := m.extract.failed(); err != nil || len(m.twice) == 0 {
		return err
	}
	for text, err := range m.parts.All() {
		if err != nil {
			return err
		}
		r := m.extract.decode(text)
		for _, rule := range r.in.table.rules {
			if !m.twice[rule] {
				continue
			}
			key, ok := m.uniqueKey(r, rule)
			if !ok || m.index.Get(key)&isTwice == 0 {
				continue
			}
			if _, known := m.twins.Get(key); known {
				key = second(key)
			}
			m.twins.Put(key, text)
		}
	}
	return m.extract.failed()
}

// second is the key under which the second row of a key is kept.
func second(key scratch.Key) scratch.Key {
	key[0] ^= 0xff
	return key
}

// checkUnique is checkUnique for a key that rows of other parts may have.
func (m *room) checkUnique(s *sheet, rule *rule) {
	if !m.twice[rule] {
		return
	}
	for _, r := range s.rows {
		key, ok := m.uniqueKey(r, rule)
		if !ok || m.index.Get(key)&isTwice == 0 {
			continue
		}
		r.fault(rule, rule.reason)
		twin := m.twin(key)
		if twin != nil && twin.in == r.in && twin.number == r.number {
			twin = m.twin(second(key))
		}
		if twin != nil {
			r.twins = append(r.twins, twin)
		}
	}
}

// twin is a row that was kept for a key.
func (m *room) twin(key scratch.Key) *row {
	text, ok := m.twins.Get(key)
	if !ok {
		return nil
	}
	return m.extract.decode(text)
}
