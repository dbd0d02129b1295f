package mapping

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"cpagateway/profiles/fhir"
)

// DocumentFiles are how the names of files end that Documents cuts.
var DocumentFiles = []string{".json", ".ndjson", ".jsonl"}

// Documents cuts a JSON file into documents: it is one, an array of them, or one on each
// line. Row is the position in the array or the line, from 1; 0 for a file that is one
// document. Elements of an array are cut by their brackets alone, and lines by their
// ends, so that one that cannot be read takes no other with it; only a bracket or
// quotation mark left open takes the rest of an array. One document is in memory at a
// time; one that is too long ends the file, and is noted in the report.
func Documents(file string, from io.Reader, report *Report, give func(row int, document []byte) error) error {
	c := cutter{file: file, in: bufio.NewReaderSize(from, 64<<10), give: give}
	c.pass = func(what string) { report.Pass(file, TooLong(what)+"; it is read up to there") }
	SkipMark(c.in)
	if err := c.cut(); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	return nil
}

// ByteOrderMark is what some programs write before a text.
const ByteOrderMark = "\ufeff"

// SkipMark skips it where it stands.
func SkipMark(in *bufio.Reader) {
	if mark, _ := in.Peek(len(ByteOrderMark)); string(mark) == ByteOrderMark {
		_, _ = in.Discard(len(mark))
	}
}

type cutter struct {
	file string
	in   *bufio.Reader
	row  int // lines or elements so far
	give func(row int, document []byte) error
	pass func(what string) // what is too long
}

func (c *cutter) cut() error {
	if ext := strings.ToLower(path.Ext(c.file)); ext == ".ndjson" || ext == ".jsonl" {
		return c.lines()
	}
	next, err := c.blank()
	if err != nil {
		return err
	}
	if next == '[' {
		return c.array()
	}
	first, err := ReadLine(c.in)
	switch {
	case errors.Is(err, ErrTooLong):
		c.pass("it")
		return nil
	case err != nil && err != io.EOF:
		return err
	}
	before := c.row
	if err == nil && c.beginsLines(first) {
		after := c.row
		c.row = before + 1
		if err := c.piece(first); err != nil {
			return err
		}
		c.row = after + 1
		return c.lines()
	}
	return c.document(first)
}

// blank skips white space and looks at what follows; 0 is the end of the file.
func (c *cutter) blank() (byte, error) {
	for {
		b, err := c.in.ReadByte()
		switch {
		case err == io.EOF:
			return 0, nil
		case err != nil:
			return 0, err
		case b == '\n':
			c.row++
		case !bytes.ContainsRune([]byte(" \t\r"), rune(b)):
			return b, c.in.UnreadByte()
		}
	}
}

// beginsLines reports whether each line is a document: the first one is a whole object, and
// others follow.
func (c *cutter) beginsLines(first []byte) bool {
	if !bytes.HasPrefix(first, []byte("{")) {
		return false
	}
	if _, err := fhir.Parse(bytes.TrimSpace(first)); err != nil {
		return false
	}
	next, err := c.blank() // blank lines are counted, and no documents
	return err == nil && next != 0
}

// lines gives out each line, of which the first may have been read.
func (c *cutter) lines() error {
	for {
		line, err := ReadLine(c.in)
		c.row++
		if errors.Is(err, ErrTooLong) {
			c.pass(fmt.Sprint("line ", c.row))
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		line = bytes.TrimPrefix(line, []byte(ByteOrderMark)) // of a file that was put behind another
		if givenErr := c.piece(line); givenErr != nil || err == io.EOF {
			return givenErr
		}
	}
}

// piece gives out a line or an element, unless it is blank.
func (c *cutter) piece(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil
	}
	return c.give(c.row, raw)
}

// array gives out the elements of an array, cut at the commas that stand in no string
// and in no inner bracket. What follows the end of the array is an element too: it is
// read, and found to be none.
func (c *cutter) array() error {
	if _, err := c.in.ReadByte(); err != nil {
		return err
	}
	c.row = 1
	element, open := []byte(nil), brackets{depth: 1}
	for {
		b, err := c.in.ReadByte()
		switch {
		case err == io.EOF:
			return c.piece(element)
		case err != nil:
			return err
		case len(element) == MaxDocument:
			c.pass(fmt.Sprint("element ", c.row, " of its array"))
			return nil
		}
		ends := open.take(b)
		if !ends {
			element = append(element, b)
			continue
		}
		if err := c.piece(slices.Clone(element)); err != nil {
			return err
		}
		element = element[:0]
		c.row++
	}
}

// brackets says where the elements of an array end.
type brackets struct {
	depth           int
	quoted, escaped bool
}

// take takes the next byte, and reports whether an element ends with it.
func (o *brackets) take(b byte) bool {
	switch {
	case o.escaped:
		o.escaped = false
	case o.quoted && b == '\\':
		o.escaped = true
	case b == '"':
		o.quoted = !o.quoted
	case o.quoted:
	case b == '{', b == '[':
		o.depth++
	case b == '}', b == ']':
		o.depth--
		return o.depth == 0 && b == ']'
	case b == ',':
		return o.depth == 1
	}
	return false
}

// document gives out a file that is one document, of which the first line was read.
func (c *cutter) document(first []byte) error {
	rest, err := io.ReadAll(io.LimitReader(c.in, int64(MaxDocument+1-len(first))))
	if err != nil {
		return err
	}
	if len(first)+len(rest) > MaxDocument {
		c.pass("it")
		return nil
	}
	return c.give(0, bytes.TrimSpace(append(first, rest...)))
}
