package report

import (
	"bytes"
	"encoding/csv"
	"maps"
	"math/big"
	"slices"
	"strings"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// table is one that is being filled: its lines by their texts.
type table struct {
	columns []mapping.Column
	lines   map[string]*line
	numbers map[int]bool // positions of columns that hold numbers
}

type line struct {
	texts []string
	sums  []big.Rat
}

// add adds a line, or its numbers to those of the line with the same texts.
func (t *table) add(cells fhir.Value) {
	l := &line{make([]string, len(t.columns)), make([]big.Rat, len(t.columns))}
	for i, column := range t.columns {
		cell := cells.Get(column.Field)
		if cell.Kind() != fhir.Number {
			l.texts[i] = cell.Text()
			continue
		}
		l.sums[i].SetString(string(cell.Raw())) // a conversion has read it
		t.numbers[i] = true
	}
	key := strings.Join(l.texts, "\x00")
	if same := t.lines[key]; same != nil {
		for i := range l.sums {
			same.sums[i].Add(&same.sums[i], &l.sums[i])
		}
		return
	}
	t.lines[key] = l
}

// csv writes the lines in the order of their texts.
func (t *table) csv() []byte {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	cells := make([]string, len(t.columns))
	for i, column := range t.columns {
		cells[i] = column.Header
	}
	_ = w.Write(cells) // a buffer takes everything
	for _, key := range slices.Sorted(maps.Keys(t.lines)) {
		for i := range cells {
			if cells[i] = t.lines[key].texts[i]; t.numbers[i] {
				sum := &t.lines[key].sums[i]
				digits, _ := sum.FloatPrec()
				cells[i] = sum.FloatString(digits)
			}
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return text.Bytes()
}
