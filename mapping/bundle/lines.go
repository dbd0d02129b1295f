package bundle

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"cpagateway/mapping"
	"cpagateway/profiles/fhir"
)

// readLines reads NDJSON: one document a line, empty lines aside.
func (x *extract) readLines(ctx context.Context, name string, from io.Reader) error {
	lines := bufio.NewReaderSize(from, 64<<10)
	for row := 1; ; row++ {
		line, err := mapping.ReadLine(lines)
		if errors.Is(err, mapping.ErrTooLong) {
			x.report.Pass(name, mapping.TooLong(fmt.Sprint("line ", row))+"; it is read up to there")
			return nil
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading %s line %d: %w", name, row, err)
		}
		if line := trim(line); len(line) > 0 {
			if err := x.document(ctx, mapping.Position{File: name, Row: row}, line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// areLines reports whether a text is NDJSON: its first line is a whole object
// and more follows. The text is trimmed.
func areLines(content []byte) bool {
	first, _, more := bytes.Cut(content, []byte("\n"))
	if !more {
		return false
	}
	v, err := fhir.Parse(trim(first))
	return err == nil && v.Kind() == fhir.Object
}

// trim takes off JSON's white space, and the byte order mark that some systems
// write before it.
func trim(text []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(text, byteOrderMark), " \t\r\n")
}

var byteOrderMark = []byte(mapping.ByteOrderMark)
