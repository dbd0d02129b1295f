package fhir

import (
	"unicode/utf16"
	"unicode/utf8"
)

// plain are the bytes of a string that need no second look.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// quoted reads a string and says whether it has to be unescaped.
func (p *parser) quoted() (escaped escapes, reason string) {
	for p.pos++; ; {
		for p.pos < len(p.src) && plain[p.src[p.pos]] {
			p.pos++
		}
		switch c := p.peek(); {
		case c == '"':
			p.pos++
			return escaped, fine
		case c == '\\':
			escaped = true
			if reason := p.escape(); reason != fine {
				return escaped, reason
			}
		case c < 0x20:
			return escaped, p.unexpected(badControl)
		default:
			r, size := utf8.DecodeRune(p.src[p.pos:])
			if r == utf8.RuneError && size == 1 {
				return escaped, badUTF8
			}
			p.pos += size
		}
	}
}

// escape reads one escape sequence; two where they are the halves of a pair.
func (p *parser) escape() string {
	if _, size := unescape(p.src[p.pos:]); size > 0 {
		p.pos += size
		return fine
	}
	if _, ok := hex4(p.src[p.pos:]); ok {
		return badSurrogate
	}
	return badEscape
}

// short are the escape sequences of two characters.
var short = [256]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescape reads the escape sequence that b begins with. The size is 0 where
// there is none, or only half a surrogate pair.
func unescape(b []byte) (r rune, size int) {
	if len(b) < 2 {
		return 0, 0
	}
	if r := short[b[1]]; r != 0 {
		return r, 2
	}
	r, ok := hex4(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, _ := hex4(b[6:])
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// hex4 reads the four digits of a \u escape.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case digit(c):
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// decode is the text of a string that the parser accepted, given without its
// quotes.
func decode(raw []byte, escaped escapes) string {
	if !escaped {
		return string(raw)
	}
	dst := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			i++
			continue
		}
		r, size := unescape(raw[i:])
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return string(dst)
}
