package mhsds

import (
	"context"
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
	noted   *scratch.Shelves // by key, what was noted of it; behind them rows whose part it says
	twins   *scratch.Table   // of a key that is there twice two of its rows
	twice   bool             // there is one
	entry   []byte
}

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

// divide puts the rows that are there already into parts.
func (m *room) divide() error {
	files := m.extract.env.Scratch
	came := m.rows
	m.stock, m.rows = stock{}, nil
	m.parts, m.noted, m.twins = scratch.NewShelves(files), scratch.NewShelves(files), scratch.NewTable(files)
	for _, r := range came {
		if err := m.addToPart(r); err != nil {
			return err
		}
	}
	return nil
}

// addToPart adds a row to the part of the row that it hangs on, or to those that wait
// until it is known. What others find the row by, and its keys, are noted.
func (m *room) addToPart(r *row) error {
	t := r.in.table
	key := m.together(r)
	part := number(key)
	if err := m.note(r, part); err != nil {
		return err
	}
	if t.waits {
		m.entry = encode(append(append(m.entry[:0], waits), key[:]...), r)
		return m.noted.Add(part, m.entry)
	}
	m.entry = encode(m.entry[:0], r)
	return m.parts.Add(part, m.entry)
}

// together is the key that a row shares with those which it hangs together with.
func (m *room) together(r *row) scratch.Key {
	t := r.in.table
	switch value, _ := m.normal(r, t.togetherBy); {
	case value == "":
		return scratch.KeyOf("row", strconv.Itoa(r.in.number), strconv.Itoa(r.number))
	case t.hangs == nil:
		return scratch.KeyOf(t.code, t.togetherBy, value)
	default:
		return scratch.KeyOf(t.hangs.parent.table, t.hangs.parent.field, value)
	}
}

// What is noted of a key.
const (
	isFound  = 1 << iota // rows that hang on one find it by this key, and it is in the part that follows
	isBroken             // that row could not be read
	isOwn                // no other row may have it
	waits                // what follows is a row that hangs on the one which is found by it
)

// note notes the keys of a row.
func (m *room) note(r *row, part uint64) error {
	for _, k := range r.in.table.keys {
		key, is := m.keyOf(r, k)
		if is == 0 {
			continue
		}
		m.entry = binary.BigEndian.AppendUint64(append(append(m.entry[:0], is), key[:]...), part)
		if err := m.noted.Add(number(key), m.entry); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is a key of a row and what is to be noted of it, nothing where the row has none.
func (m *room) keyOf(r *row, k *key) (of scratch.Key, is byte) {
	switch {
	case r.unread != nil:
		is = isBroken
	case k.own:
		is = isOwn
	}
	if k.finds {
		is |= isFound
	}
	texts := append(append(make([]string, 0, 16), r.in.table.code), k.fields...)
	for i, field := range k.fields {
		text, wellFormed := m.normal(r, field)
		if i == 0 && text == "" {
			return of, 0
		}
		if !wellFormed {
			is &^= isOwn
		}
		texts = append(texts, text)
	}
	if is&(isFound|isOwn) == 0 {
		return of, 0
	}
	return scratch.KeyOf(texts...), is
}

// normal is the text of a field in its form, or as it stands.
func (m *room) normal(r *row, field string) (text string, wellFormed bool) {
	text, form := r.text(field), r.in.table.forms[field]
	if text == "" || form == nil || r.unread != nil {
		return text, true
	}
	if normal, ok := form(m.extract, r, text); ok {
		return normal, true
	}
	return text, false
}

// settle puts the rows that wait into the parts of those which they hang on, and finds
// the keys that are there twice. Rows were noted before those that hang on them.
func (m *room) settle() error {
	type what struct {
		is   byte
		part uint64
	}
	known := map[scratch.Key]what{}
	return m.noted.Each(most, func(part *scratch.Part) error {
		clear(known)
		for text, err := range part.All() {
			if err != nil {
				return err
			}
			is, key, rest := text[0], scratch.Key(text[1:]), text[1+len(scratch.Key{}):]
			before := known[key]
			if is == waits {
				to := number(key)
				if before.is&isFound != 0 {
					to = before.part
				}
				if err := m.parts.Add(to, rest); err != nil {
					return err
				}
				continue
			}
			if is&isFound != 0 && (before.is&isFound == 0 || before.is&isBroken > is&isBroken) {
				before.part, before.is = binary.BigEndian.Uint64(rest), before.is&^isBroken|is&^isOwn
			}
			if is&before.is&isOwn != 0 {
				m.twice = true
				m.twins.Put(key, nil)
			}
			before.is |= is & isOwn
			known[key] = before
		}
		return nil
	})
}

func number(key scratch.Key) uint64 { return binary.BigEndian.Uint64(key[:]) }

// finish puts the rows to work.
func (m *room) finish(ctx context.Context) error {
	if !m.isDivided() {
		rows := m.rows
		m.stock, m.rows = stock{}, nil
		return m.extract.work(ctx, m.tables, rows)
	}
	if err := m.settle(); err != nil {
		return err
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
	if err := m.extract.failed(); err != nil || !m.twice {
		return err
	}
	for text, err := range m.parts.All() {
		if err != nil {
			return err
		}
		r := m.extract.decode(text)
		for _, rule := range r.in.table.rules {
			key, first, twice := m.shared(r, rule)
			if !twice {
				continue
			}
			if len(first) > 0 {
				key = second(key)
			}
			m.twins.Put(key, text)
		}
	}
	return m.extract.failed()
}

// shared is the key of a row that a rule is about, and the first of the rows that have it,
// where there are two.
func (m *room) shared(r *row, rule *rule) (key scratch.Key, first []byte, twice bool) {
	if rule.wide == nil || !m.twice {
		return key, nil, false
	}
	key, is := m.keyOf(r, rule.wide)
	if is&isOwn == 0 {
		return key, nil, false
	}
	first, twice = m.twins.Get(key)
	return key, first, twice
}

// second is the key under which the second row of a key is kept.
func second(key scratch.Key) scratch.Key {
	key[0] ^= 0xff
	return key
}

// checkUnique is checkUnique for a key that rows of other parts may have.
func (m *room) checkUnique(s *sheet, rule *rule) {
	for _, r := range s.rows {
		key, first, twice := m.shared(r, rule)
		if !twice {
			continue
		}
		r.fault(rule, rule.reason)
		twin := m.extract.decode(first)
		if twin.in == r.in && twin.number == r.number {
			if first, twice = m.twins.Get(second(key)); !twice {
				continue // the twins have failed, and the run ends
			}
			twin = m.extract.decode(first)
		}
		r.findings().twins = append(r.findings().twins, twin)
	}
}
