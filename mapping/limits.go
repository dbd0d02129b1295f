package mapping

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// MaxDocument is how many bytes one document may have: a line of NDJSON, a JSON file
// that is one document, an element of an array. It is held in memory whole.
const MaxDocument = 16 << 20

// maxParsed is how many bytes a document and what is made of it to read it may take.
const (
	maxParsed = 64 << 20
	perValue  = 24
)

// ErrTooLong is a document of more than MaxDocument.
var ErrTooLong = errors.New("a document is too long")

// TooLong says what is too long, where that is told.
func TooLong(what string) string {
	return fmt.Sprintf("%s is longer than the %d MiB that one document may have", what, MaxDocument>>20)
}

// TooMuch says that a document cannot be held in memory to be read, or nothing: the
// shorter its values are, the more of them there may be, and each costs.
func TooMuch(document []byte) string {
	values := 0
	for _, mark := range []string{",", "[", "{", ":"} {
		values += bytes.Count(document, []byte(mark))
	}
	if len(document) <= MaxDocument && len(document)+perValue*values <= maxParsed {
		return ""
	}
	return fmt.Sprintf("a document of %d bytes and some %d values, which is more than can be held: divide it", len(document), values)
}

// ReadLine reads a line with its end, and no more than MaxDocument of it (ErrTooLong).
// The last line comes with io.EOF. It may be kept.
func ReadLine(from *bufio.Reader) (line []byte, err error) {
	for {
		part, err := from.ReadSlice('\n')
		if len(line)+len(part) > MaxDocument {
			return nil, ErrTooLong
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
