package folder

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// row is one row of a CSV file.
type row struct {
	file   string
	number int
	at     map[string]int // field -> position
	fields []string       // by position
	cells  []string
	joined map[string][]mapping.Record // rows of other tables that belong to it
	lacks  []string                    // tables of which it may have others: null stands for them
}

// Field implements mapping.Record.
func (r *row) Field(f *mapping.Field) (string, bool) {
	i, ok := r.at[f.Name]
	if !ok || i >= len(r.cells) || strings.TrimSpace(r.cells[i]) == "" {
		return "", false
	}
	return r.cells[i], true
}

// Group implements mapping.Record: the rows of a joined table.
func (r *row) Group(name string) []mapping.Record { return r.joined[name] }

// At implements mapping.Record.
func (r *row) At(name string) mapping.Position {
	return mapping.Position{File: r.file, Row: r.number, Field: name}
}

// json is the same in every run: what is set aside is known again by it.
func (r *row) json() []byte {
	w := fhir.NewWriter(nil)
	r.write(w)
	return w.Bytes()
}

func (r *row) write(w *fhir.Writer) {
	w.BeginObject()
	for _, name := range r.fields {
		if text, ok := mapping.Text(r, name); ok {
			w.Member(name, text)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(r.joined)) {
		w.Name(table)
		w.BeginArray()
		for _, joined := range r.joined[table] {
			joined.(*row).write(w)
		}
		if slices.Contains(r.lacks, table) {
			w.Raw([]byte("null"))
		}
		w.EndArray()
	}
	w.EndObject()
}

var notField = regexp.MustCompile(`[^A-Za-z0-9]+`)

// FieldName is what a map calls a column that it does not name: its header with
// anything but letters and digits made an underscore.
func FieldName(header string) string {
	name := strings.Trim(notField.ReplaceAllString(header, "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "column_" + name
	}
	return strings.TrimSuffix(name, "_")
}

// NotUTF8 is what is said of a file that is written otherwise.
const NotUTF8 = "it is not UTF-8: save it so"

// Table is a CSV file, RFC 4180 with a row of headers.
type Table struct {
	Headers []string
	in      *csv.Reader
	bound   *bounded
	number  int  // of rows so far
	utf8    bool // whether the headers are
}

// OpenTable reads the headers. The fault says why nothing of the file can be read.
func OpenTable(from io.Reader) (t *Table, fault string, err error) {
	text := bufio.NewReader(from)
	mapping.SkipMark(text)
	t = &Table{bound: &bounded{from: text}}
	t.in = csv.NewReader(t.bound)
	t.in.FieldsPerRecord = -1
	t.Headers, err = t.in.Read()
	if errors.Is(err, mapping.ErrTooLong) {
		return nil, "", err
	}
	head := t.bound.row(t.in.InputOffset())
	t.utf8 = utf8.Valid(head)
	return t, t.because(headerFault(head, t.Headers, err)), nil
}

// because is why the file cannot be read: of headers that are not UTF-8 nothing else can be said.
func (t *Table) because(fault string) string {
	if fault != "" && !t.utf8 {
		return NotUTF8
	}
	return fault
}

// Next gives out the next row, its number and its text. Rows of blank fields are passed over,
// and have a number: spreadsheets write them below a table.
func (t *Table) Next() (number int, text []byte, cells []string, err error) {
	for {
		t.number++
		cells, err = t.in.Read()
		if errors.Is(err, mapping.ErrTooLong) {
			return t.number, nil, nil, err
		}
		text = bytes.TrimSpace(t.bound.row(t.in.InputOffset()))
		if err != nil || len(bytes.Trim(text, ", \t")) > 0 {
			return t.number, text, cells, err
		}
	}
}

// readCSV reads a CSV file. A row that is cut otherwise than the headers is refused, and
// the file goes on; a quote that is not closed refuses what it swallows.
//
// A file that lacks a column is refused: that its fields are blank is not said.
//
// A row that is longer than a document may be ends the file.
func readCSV(name string, from io.Reader, columns, needed []mapping.Column, take func(record) error) error {
	t, fault, err := OpenTable(from)
	if err != nil {
		return err
	}
	at, fields := map[string]int{}, make([]string, len(t.Headers))
	if fault == "" {
		fault = t.because(place(t.Headers, columns, needed, at, fields))
	}
	if fault != "" {
		return take(record{Record: &row{file: name}, fault: fault})
	}
	for {
		number, text, cells, err := t.Next()
		if errors.Is(err, mapping.ErrTooLong) {
			return err
		}
		r := &row{file: name, number: number, at: at, fields: fields, cells: cells}
		read := record{Record: r, text: text}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			read.fault = "the row cannot be read: " + reason(err)
			if !errors.Is(err, csv.ErrBareQuote) { // other rows may be in it
				r.at = nil
			}
		case len(cells) != len(t.Headers):
			read.fault = "the row has " + strconv.Itoa(len(cells)) + " fields where the headers are " + strconv.Itoa(len(t.Headers))
		case !utf8.ValidString(strings.Join(cells, "")):
			read.fault = "the row is not UTF-8"
		}
		if err := take(read); err != nil {
			return err
		}
	}
}

// place notes where each field of the maps stands, and says what the headers do not allow.
func place(headers []string, columns, needed []mapping.Column, at map[string]int, fields []string) (fault string) {
	for i, header := range headers {
		field := fieldOf(header, columns)
		if _, twice := at[field]; twice {
			return "column " + strconv.Itoa(i+1) + " is called " + field + " in the maps, as another is: name both (csv SOURCE)"
		}
		at[field], fields[i] = i, field
	}
	var missing []string
	for _, c := range needed {
		if _, there := at[c.Field]; !there {
			missing = append(missing, c.Header)
		}
	}
	if len(missing) > 0 {
		return "the file lacks columns that the maps read: " + strings.Join(missing, ", ") +
			". Nothing of it is read: bring it in with them, or say in the maps that a file may lack them (csv SOURCE, FIELD? for FIELD)"
	}
	return ""
}

var (
	otherwiseCut = regexp.MustCompile(`"[;\t]|[;\t]"`)
	loneReturn   = regexp.MustCompile(`\r[^\n]`)
)

// headerFault says what is wrong with a row of headers, "" where nothing is.
func headerFault(text []byte, headers []string, err error) string {
	switch {
	case bytes.IndexByte(text, 0) >= 0: // UTF-16 without its mark
		return NotUTF8
	case err != nil && otherwiseCut.Match(text), len(headers) == 1 && strings.ContainsAny(headers[0], ";\t"):
		return "the columns are not separated by commas: save the file as CSV with commas"
	case (err != nil || !bytes.Contains(text, []byte("\n"))) && loneReturn.Match(text):
		return "the lines end in CR alone: save the file with lines that end in LF or CRLF"
	case err != nil:
		return "the file has no row of headers: " + reason(err)
	}
	seen := map[string]bool{}
	for i, header := range headers {
		header = strings.ToLower(strings.TrimSpace(header))
		if header == "" || seen[header] {
			return "column " + strconv.Itoa(i+1) + " has no name, or that of another"
		}
		seen[header] = true
	}
	return ""
}

// bounded is what a file holds, with the text of the row that is being read; one that is
// longer than a document may be ends it.
type bounded struct {
	from io.Reader
	text []byte // that was read, from the row on
	at   int64  // where in the file the row begins
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if len(b.text) > mapping.MaxDocument {
		return 0, mapping.ErrTooLong
	}
	n, err := b.from.Read(p)
	b.text = append(b.text, p[:n]...)
	return n, err
}

// row is the text of the row that ends there, and the next begins.
func (b *bounded) row(end int64) []byte {
	length := end - b.at
	row := b.text[:length]
	b.text, b.at = b.text[length:], end
	return row
}

// reason is an error of encoding/csv without the place, which it counts otherwise.
func reason(err error) string {
	if at, ok := errors.AsType[*csv.ParseError](err); ok {
		return at.Err.Error()
	}
	return err.Error()
}

func fieldOf(header string, columns []mapping.Column) string {
	header = strings.TrimSpace(header)
	for _, c := range columns {
		if strings.EqualFold(strings.TrimSpace(c.Header), header) {
			return c.Field
		}
	}
	return FieldName(header)
}

func document(name string, number int, raw []byte) record {
	if text := mapping.TooMuch(raw); text != "" {
		return record{Record: mapping.NewObject(fhir.Value{}, name, number), raw: raw, fault: text}
	}
	v, err := fhir.Parse(raw)
	r := record{Record: mapping.NewObject(v, name, number), raw: raw, value: v}
	switch {
	case err != nil && !utf8.Valid(raw):
		r.fault = "the document cannot be read: " + NotUTF8
	case err != nil:
		r.fault = "the document cannot be read: " + err.Error()
	case v.Kind() != fhir.Object:
		r.fault = "not an object"
	}
	return r
}
