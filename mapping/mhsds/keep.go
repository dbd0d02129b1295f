package mhsds

import (
	"encoding/binary"
	"iter"

	"cpagateway/mapping/scratch"
)

// encode appends a row as it was read.
func encode(dst []byte, r *row) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.in.number))
	dst = binary.AppendUvarint(dst, uint64(r.number))
	dst = appendText(dst, r.broken)
	if r.broken != "" {
		dst = appendText(dst, r.line)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.cells)))
	for _, cell := range r.cells {
		dst = appendText(dst, cell)
	}
	return dst
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// decoder reads what encode wrote.
type decoder struct {
	raw  []byte
	text string // the same
	at   int
}

func (d *decoder) number() int {
	n, skip := binary.Uvarint(d.raw[d.at:])
	d.at += skip
	return int(n)
}

func (d *decoder) string() string {
	n := d.number()
	d.at += n
	return d.text[d.at-n : d.at]
}

// decode is a row that was encoded.
func (x *extract) decode(raw []byte) *row {
	r := &row{}
	x.decodeInto(r, raw, nil)
	return r
}

// decodeInto puts the cells at the end of space, or of as much again, and returns that.
func (x *extract) decodeInto(r *row, raw []byte, space []string) []string {
	d := decoder{raw: raw, text: string(raw)}
	r.in = x.files[d.number()]
	r.number = d.number()
	if r.broken = d.string(); r.broken != "" {
		r.line = d.string()
	}
	cells := d.number()
	if cap(space)-len(space) < cells {
		space = make([]string, 0, max(cells, cap(space)))
	}
	first := len(space)
	for range cells {
		space = append(space, d.string())
	}
	r.cells = space[first:len(space):len(space)]
	return space
}

// How many rows, and cells, are made room for at once.
const (
	rowsAtOnce  = 1024
	cellsAtOnce = 4096
)

// rows decodes many.
func (x *extract) rows(texts iter.Seq2[[]byte, error]) (rows []*row, err error) {
	var made []row
	space := make([]string, 0, cellsAtOnce)
	for text, err := range texts {
		if err != nil {
			return nil, err
		}
		if len(made) == cap(made) {
			made = make([]row, 0, rowsAtOnce)
		}
		made = made[:len(made)+1]
		r := &made[len(made)-1]
		space = x.decodeInto(r, text, space)
		rows = append(rows, r)
	}
	return rows, nil
}

// keptRows are the valid rows of tables without a person, by what those of others name
// them by: staff, teams. Of the last of them the rows are at hand.
type keptRows struct {
	*scratch.Table
	atHand map[named]*row // nil: there is none
}

type named struct {
	place
	value string
}

const mostAtHand = 4096

func newKeptRows(files scratch.Files) keptRows {
	return keptRows{scratch.NewTable(files), map[named]*row{}}
}

func (n named) key() scratch.Key { return keyOf(n.table, n.field, n.value) }

// keep keeps a valid row that those of other rooms may name.
func (x *extract) keep(r *row) {
	if r.refusal != "" {
		return
	}
	for _, field := range r.in.table.named {
		if value, ok := r.Field(field); ok {
			x.kept.Put(named{place{r.in.table.code, field}, value}.key(), encode(nil, r))
		}
	}
}

// fetch finds a row that was kept, nil where there is none.
func (x *extract) fetch(at place, value string) *row {
	n := named{at, value}
	r, known := x.kept.atHand[n]
	if known {
		return r
	}
	if raw, ok := x.kept.Get(n.key()); ok {
		r = x.decode(raw)
	}
	if len(x.kept.atHand) >= mostAtHand {
		clear(x.kept.atHand)
	}
	x.kept.atHand[n] = r
	return r
}
