package mhsds

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"cpagateway/mapping"
)

// Limits of a file. No field of the tables is longer than 50 characters.
const (
	maxLine  = 1 << 20 // bytes; what is longer is cut, and its row set aside
	maxField = 64 << 10
	maxCells = 1000
	maxCut   = 64 << 20 // bytes of a line that is cut; what is longer ends the import
)

// readCSV reads a file line by line: RFC 4180 but for one thing, that a quoted
// field ends on its line. No field of the data set can hold a line break, and so
// a quote that is never closed costs one row and not the rest of the file (with
// encoding/csv it swallows everything to the end).
//
// A line ends in LF, CR LF or CR. Rows of blank fields are passed over: spreadsheets
// write them below a table.
func readCSV(ctx context.Context, from io.Reader, f *file, take func(*row) error) error {
	lines := f.extract.lines
	lines.Reset(&lineEnds{from: from})
	headed := false
	var r row
	for number := 0; ; number++ {
		if number%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, fault, err := readLine(lines)
		if err == io.EOF {
			return nil
		}
		switch {
		case err != nil:
			return fmt.Errorf("line %d: %w", number+1, err)
		case fault == "" && isBlank(line):
		case !headed:
			headed = true
			f.readHeader(strings.TrimPrefix(line, mapping.ByteOrderMark), fault)
		default:
			f.readRow(&r, number, line, fault)
			if err := take(&r); err != nil {
				return err
			}
		}
	}
}

// isBlank reports whether all fields of a line are blank and none is quoted.
func isBlank(line string) bool {
	for i := range len(line) {
		switch line[i] {
		case ' ', '\t', ',':
		case mapping.ByteOrderMark[0]:
			return strings.Trim(line, " \t,"+mapping.ByteOrderMark) == ""
		default:
			return false
		}
	}
	return true
}

// lineEnds makes every line end of what is read one line feed.
type lineEnds struct {
	from     io.Reader
	returned bool // the last byte read was a carriage return
}

// Read implements io.Reader.
func (l *lineEnds) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if !l.returned && bytes.IndexByte(p[:n], '\r') < 0 {
		return n, err
	}
	kept := p[:0]
	for _, b := range p[:n] {
		switch {
		case b == '\r':
			kept = append(kept, '\n')
		case b != '\n' || !l.returned:
			kept = append(kept, b)
		}
		l.returned = b == '\r'
	}
	return len(kept), err
}

// readLine returns the next line without its end; fault says why it cannot be read as text.
func readLine(from *bufio.Reader) (line, fault string, err error) {
	var long []byte
	for read := 0; ; {
		part, err := from.ReadSlice('\n')
		if err == nil && long == nil || err == io.EOF && long == nil && len(part) > 0 {
			line, fault = textOf(string(part))
			return line, fault, nil
		}
		if read += len(part); read > maxCut {
			return "", "", fmt.Errorf("it is longer than %d MiB, and no row", maxCut>>20)
		}
		if room := maxLine - len(long); len(part) <= room {
			long = append(long, part...)
		} else {
			long, fault = append(long, part[:room]...), "longer than a row can be, and cut"
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, err == io.EOF && len(long) > 0:
			line, other := textOf(string(long))
			return line, cmp.Or(fault, other), nil
		default:
			return "", "", err
		}
	}
}

func textOf(raw string) (line, fault string) {
	line = strings.TrimSuffix(raw, "\n")
	switch {
	case !utf8.ValidString(line):
		fault = "not UTF-8"
	case strings.IndexByte(line, 0) >= 0:
		fault = "holds a NUL character"
	}
	return line, fault
}

// splitRow cuts a line into fields, in room that it may use. With a fault the fields before
// it are returned.
func splitRow(line string, at []span) (row cells, fault string) {
	var beside []byte
	for rest, more := line, true; more && fault == ""; {
		var cell string
		from := len(line) - len(rest)
		if strings.HasPrefix(rest, `"`) {
			from++
			cell, rest, more, fault = quotedField(rest[1:])
		} else {
			cell, rest, more = strings.Cut(rest, ",")
			if strings.IndexByte(cell, '"') >= 0 {
				fault = "a quote inside a field that does not begin with one"
			}
		}
		if fault == "" && len(cell) > maxField {
			fault = fmt.Sprintf("a field of more than %d bytes", maxField)
		}
		if fault == "" && len(at) == maxCells {
			fault = fmt.Sprintf("more than %d fields", maxCells)
		}
		if fault == "" {
			text := strings.TrimSpace(cell)
			if !strings.HasPrefix(line[from:], text) { // a blank stood before it, or a quote in it
				from = len(line) + len(beside)
				beside = append(beside, text...)
			}
			at = append(at, spanOf(from, text))
		}
	}
	return cells{line + string(beside), at}, fault
}

// quotedField reads up to the closing quote; a quote itself is doubled.
func quotedField(s string) (cell, rest string, more bool, fault string) {
	end := 0
	for {
		i := strings.IndexByte(s[end:], '"')
		if i < 0 {
			return "", "", false, "a quote that is not closed on its line"
		}
		if end += i; strings.HasPrefix(s[end:], `""`) {
			end += 2
			continue
		}
		break
	}
	cell, rest = strings.ReplaceAll(s[:end], `""`, `"`), s[end+1:]
	if rest != "" && rest[0] != ',' {
		return "", "", false, "text after a closing quote"
	}
	return cell, strings.TrimPrefix(rest, ","), rest != "", ""
}

// readHeader names the columns. Case is forgiven, a column without a name or
// named twice is not: every row of such a file is set aside.
func (f *file) readHeader(line, fault string) {
	cells, wrong := splitRow(line, nil)
	if fault == "" && wrong != "" {
		fault = fmt.Sprintf("column %d: %s", len(cells.at)+1, wrong)
	}
	for i := range cells.at {
		name := cells.text(i)
		if canonical, ok := f.table.columns[strings.ToLower(name)]; ok {
			name = canonical
		}
		switch other := f.position(name); {
		case fault != "":
		case name == "":
			fault = fmt.Sprintf("column %d has no name", i+1)
		case len(cells.at) == 1 && strings.ContainsAny(name, ";\t"):
			fault = "the columns are not separated by commas"
		case other >= 0:
			fault = fmt.Sprintf("columns %d and %d have the same name", other+1, i+1)
		}
		f.know(name)
	}
	if fault != "" {
		f.fault = "the header row of its file cannot be read: " + fault
	}
}

// columnName is what the data set calls a column. A file without a header row
// shows a person's data in its place, which must not reach a report.
var columnName = regexp.MustCompile(`^[A-Za-z]+[0-9]{0,4}$`)

// label names a column, which may be beyond those of the header row.
func (f *file) label(i int) string {
	if i < len(f.columns) && columnName.MatchString(f.columns[i]) {
		return f.columns[i]
	}
	return fmt.Sprintf("column %d", i+1)
}

// readRow makes r the row of one line; its cells are good until the next. A row that
// cannot be read keeps its line.
func (f *file) readRow(r *row, number int, line, fault string) {
	cells, wrong := splitRow(line, r.cells.at[:0])
	*r = row{in: f, number: number, cells: cells}
	why := ""
	switch {
	case f.fault != "":
		why = f.fault
	case fault != "":
		why = "the row cannot be read: " + fault
	case wrong != "":
		why = "the row cannot be read: " + f.label(len(cells.at)) + ": " + wrong
	case len(cells.at) < len(f.columns):
		why = fmt.Sprintf("the row has %d fields where the header row names %d: it ends before %s", len(cells.at), len(f.columns), f.label(len(cells.at)))
	case len(cells.at) > len(f.columns):
		why = fmt.Sprintf("the row has %d fields where the header row names %d: it goes on after %s", len(cells.at), len(f.columns), f.label(len(f.columns)-1))
	default:
		return
	}
	r.unread = &unread{why, line}
	r.cells.at = r.cells.at[:min(len(r.cells.at), len(f.columns))]
}
