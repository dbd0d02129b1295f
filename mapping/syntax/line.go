// Package syntax reads map files as far as that needs no understanding of maps: lines of
// words with what is indented under them, the sections that they use, and what an overlay
// changes in them.
package syntax

import (
	"errors"
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

// Place is where something stands in the map files.
type Place struct {
	File string
	Line int
}

// String names the place.
func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Beside names the place to somebody who reads another.
func (p Place) Beside(o Place) string {
	if p.File == o.File {
		return fmt.Sprintf("line %d", p.Line)
	}
	return p.String()
}

// Token is a run of characters without blanks, or a quoted string.
type Token struct {
	Text   string // of a string: what stands between the quotes, escapes resolved
	Quoted bool
	Column int
}

// Is reports whether a token is a word of the language: a string is none.
func (t Token) Is(word string) bool { return t.Text == word && !t.Quoted }

// Line is a line that holds something: its indent and its tokens.
type Line struct {
	Place
	used   string // of a line of a section: where it is used
	indent int
	Tokens []Token
}

// Limits of a map file. They keep a wrong file from costing more than its reading.
const (
	maxMapBytes = 1 << 20
	maxNesting  = 16
)

// Faults collects what is wrong with map files.
type Faults struct {
	all  []error
	said map[Error]bool
}

// Fail notes a fault, once: a section is read wherever it is used.
func (f *Faults) Fail(l Line, t Token, text string) {
	f.note(Error{File: l.File, Line: l.Line, Column: t.Column, Text: text + l.used})
}

// FailAt notes a fault of a whole line.
func (f *Faults) FailAt(at Place, text string) {
	f.note(Error{File: at.File, Line: at.Line, Column: 1, Text: text})
}

func (f *Faults) note(fault Error) {
	if f.said == nil {
		f.said = map[Error]bool{}
	}
	if !f.said[fault] {
		f.said[fault] = true
		f.all = append(f.all, &fault)
	}
}

// Err is all faults, joined, each an *Error.
func (f *Faults) Err() error { return errors.Join(f.all...) }

// Lines makes lines of tokens; blank lines and comments are gone.
func (f *Faults) Lines(file, text string) (lines []Line) {
	if len(text) > maxMapBytes {
		f.note(Error{file, 1, 1, fmt.Sprintf("a map file has at most %d bytes", maxMapBytes)})
		return nil
	}
	for i, raw := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") { // some editors write a byte order mark
		raw = strings.TrimSuffix(raw, "\r")
		content := strings.TrimLeft(raw, " ")
		l := Line{Place: Place{file, i + 1}, indent: len(raw) - len(content)}
		tokens, fault := tokenise(content, l.indent+1)
		if fault != nil {
			fault.File, fault.Line = file, l.Line
			f.note(*fault)
			continue
		}
		if l.Tokens = tokens; len(tokens) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// tokenise cuts one line. A # at the start of a token begins a comment.
func tokenise(s string, column int) ([]Token, *Error) {
	var tokens []Token
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

func nextToken(s string, column int) (Token, string, *Error) {
	if s[0] != '"' {
		end := strings.IndexByte(s, ' ')
		if end < 0 {
			end = len(s)
		}
		if !utf8.ValidString(s[:end]) {
			return Token{}, "", &Error{Column: column, Text: "not UTF-8"}
		}
		return Token{Text: s[:end], Column: column}, s[end:], nil
	}
	var text strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if rest := s[i+1:]; rest != "" && rest[0] != ' ' {
				return Token{}, "", &Error{Column: column, Text: "a blank must follow a string"}
			}
			if !utf8.ValidString(text.String()) {
				return Token{}, "", &Error{Column: column, Text: "not UTF-8"}
			}
			return Token{Text: text.String(), Quoted: true, Column: column}, s[i+1:], nil
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`"\n`, s[i+1]) >= 0:
			i++
			text.WriteByte(map[byte]byte{'"': '"', '\\': '\\', 'n': '\n'}[s[i]])
		case c == '\\':
			return Token{}, "", &Error{Column: column, Text: `a string knows the escapes \" \\ and \n only`}
		case c < ' ':
			return Token{}, "", &Error{Column: column, Text: "a control character in a string"}
		default:
			text.WriteByte(c)
		}
	}
	return Token{}, "", &Error{Column: column, Text: "a string that does not end on its line"}
}
