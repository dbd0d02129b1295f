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
	if r.unread == nil {
		dst = appendText(dst, "")
	} else {
		dst = appendText(appendText(dst, r.unread.why), r.unread.line)
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.cells.at)))
	for i := range r.cells.at {
		dst = appendText(dst, r.cells.text(i))
	}
	return dst
}

// size is about how many bytes a row is encoded to.
func (r *row) size() int {
	n := 4 + len(r.cells.at)
	if r.unread != nil {
		n += len(r.unread.why) + len(r.unread.line)
	}
	for _, cell := range r.cells.at {
		n += int(cell.to - cell.from)
	}
	return n
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
func (x *extract) decode(raw []byte) *row { return x.decodeInto(&stock{}, raw) }

// decodeInto takes the row from a stock.
func (x *extract) decodeInto(s *stock, raw []byte) *row {
	d := decoder{raw: raw, text: string(raw)}
	in, r := x.files[d.number()], s.row()
	r.in, r.number = in, d.number()
	if why := d.string(); why != "" {
		r.unread = &unread{why, d.string()}
	}
	r.cells = cells{d.text, s.spans(d.number())}
	for i := range r.cells.at {
		text := d.string()
		r.cells.at[i] = spanOf(d.at-len(text), text)
	}
	return r
}

// stock is rows and cells that are made room for many at once, and the more the more
// there were.
type stock struct {
	made []row
	at   []span
}

const rowsAtOnce = 1024

func (s *stock) row() *row {
	if len(s.made) == cap(s.made) {
		s.made = make([]row, 0, min(max(1, 2*cap(s.made)), rowsAtOnce))
	}
	s.made = s.made[:len(s.made)+1]
	return &s.made[len(s.made)-1]
}

func (s *stock) spans(n int) []span {
	first := len(s.at)
	if cap(s.at)-first < n {
		first, s.at = 0, make([]span, 0, max(n, min(2*cap(s.at), 4*rowsAtOnce)))
	}
	s.at = s.at[:first+n]
	return s.at[first : first+n : first+n]
}

// keep is a row of which the reader uses the cells again.
func (s *stock) keep(r *row) *row {
	kept := s.row()
	*kept = *r
	kept.cells.at = s.spans(len(r.cells.at))
	copy(kept.cells.at, r.cells.at)
	return kept
}

// rows decodes many.
func (x *extract) rows(texts iter.Seq2[[]byte, error]) (rows []*row, err error) {
	var s stock
	for text, err := range texts {
		if err != nil {
			return nil, err
		}
		rows = append(rows, x.decodeInto(&s, text))
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

func (n named) key() scratch.Key { return scratch.KeyOf(n.table, n.field, n.value) }

// keep keeps a valid row that those of other rooms may name.
func (x *extract) keep(r *row) {
	if r.refusal != "" {
		return
	}
	for _, field := range r.in.table.named {
		if value := r.text(field); value != "" {
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
