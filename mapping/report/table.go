package report

import (
	"bytes"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// table is one that is being filled: its lines by their texts.
type table struct {
	columns []mapping.Column
	lines   map[string]*line
	numbers map[int]bool // columns that hold numbers
}

type line struct {
	texts []string
	sums  []int64
}

// add adds a line, or its numbers to those of the line with the same texts.
func (t *table) add(cells fhir.Value) {
	l := &line{make([]string, len(t.columns)), make([]int64, len(t.columns))}
	for i, column := range t.columns {
		cell := cells.Get(column.Field)
		if cell.Kind() != fhir.Number {
			l.texts[i] = cell.Text()
			continue
		}
		if t.numbers == nil {
			t.numbers = map[int]bool{}
		}
		l.sums[i], _ = strconv.ParseInt(string(cell.Raw()), 10, 64) // the conversion integer has read it
		t.numbers[i] = true
	}
	key := strings.Join(l.texts, "\x00")
	if same := t.lines[key]; same != nil && t.numbers != nil {
		for i, n := range l.sums {
			same.sums[i] += n
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
				cells[i] = strconv.FormatInt(t.lines[key].sums[i], 10)
			}
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return text.Bytes()
}
