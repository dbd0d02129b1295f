package mapping

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a fault of a map file, at the place where it stands.
type Error struct {
	File         string
	Line, Column int // 1-based; the column counts characters
	Text         string
}

// Error says where the fault is and what it is.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// place is where something stands in the map files.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// beside names the place to somebody who reads another.
func (p place) beside(o place) string {
	if p.file == o.file {
		return fmt.Sprintf("line %d", p.line)
	}
	return p.String()
}

// token is a run of characters without blanks, or a quoted string.
type token struct {
	text   string // of a string: what stands between the quotes, escapes resolved
	quoted bool
	column int
}

// line is a line that holds something: its indent and its tokens.
type line struct {
	place
	used   string // of a line of a section: where it is used
	indent int
	tokens []token
}

// Limits of a map file. They keep a wrong file from costing more than its reading.
const (
	maxMapBytes = 1 << 20
	maxNesting  = 16
)

// splitLines makes lines of tokens; blank lines and comments are gone.
func splitLines(file, text string) ([]line, []error) {
	var lines []line
	var faults []error
	if len(text) > maxMapBytes {
		return nil, []error{&Error{file, 1, 1, fmt.Sprintf("a map file has at most %d bytes", maxMapBytes)}}
	}
	for i, raw := range strings.Split(text, "\n") {
		raw = strings.TrimSuffix(raw, "\r")
		content := strings.TrimLeft(raw, " ")
		l := line{place: place{file, i + 1}, indent: len(raw) - len(content)}
		tokens, fault := tokenise(content, l.indent+1)
		if fault != nil {
			fault.File, fault.Line = file, l.line
			faults = append(faults, fault)
			continue
		}
		if l.tokens = tokens; len(tokens) > 0 {
			lines = append(lines, l)
		}
	}
	return lines, faults
}

// tokenise cuts one line. A # at the start of a token begins a comment.
func tokenise(s string, column int) ([]token, *Error) {
	var tokens []token
	for s != "" && s[0] != '#' {
		switch c := s[0]; {
		case c == ' ':
			s, column = s[1:], column+1
			continue
		case c < ' ' || c == 0x7f:
			return nil, &Error{Column: column, Text: "a control character (indent with blanks, not tabs)"}
		}
		t, rest, fault := nextToken(s, column)
		if fault != nil {
			return nil, fault
		}
		tokens = append(tokens, t)
		column += utf8.RuneCountInString(s[:len(s)-len(rest)])
		s = rest
	}
	return tokens, nil
}

func nextToken(s string, column int) (token, string, *Error) {
	if s[0] != '"' {
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			end = len(s)
		}
		if !utf8.ValidString(s[:end]) {
			return token{}, "", &Error{Column: column, Text: "not UTF-8"}
		}
		return token{text: s[:end], column: column}, s[end:], nil
	}
	var text strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if rest := s[i+1:]; rest != "" && rest[0] != ' ' {
				return token{}, "", &Error{Column: column, Text: "a blank must follow a string"}
			}
			if !utf8.ValidString(text.String()) {
				return token{}, "", &Error{Column: column, Text: "not UTF-8"}
			}
			return token{text: text.String(), quoted: true, column: column}, s[i+1:], nil
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`"\n`, s[i+1]) >= 0:
			i++
			text.WriteByte(map[byte]byte{'"': '"', '\\': '\\', 'n': '\n'}[s[i]])
		case c == '\\':
			return token{}, "", &Error{Column: column, Text: `a string knows the escapes \" \\ and \n only`}
		case c < ' ':
			return token{}, "", &Error{Column: column, Text: "a control character in a string"}
		default:
			text.WriteByte(c)
		}
	}
	return token{}, "", &Error{Column: column, Text: "a string that does not end on its line"}
}
