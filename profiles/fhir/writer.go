package fhir

import (
	"strconv"
	"unicode/utf8"
)

// A Writer appends JSON to a buffer; commas and quotes are its business, that
// names and values alternate is the caller's, and that brackets match where it writes
// them one by one. It builds projections, out of Values, and resources of the gateway's own.
//
// A comma is due wherever a value is followed by another, and the last byte
// written says whether that is so: after '{', '[' and ':' it is not.
type Writer struct {
	buf   []byte
	start int
}

// NewWriter appends to buf, which may be nil or hold bytes to be kept.
func NewWriter(buf []byte) *Writer { return &Writer{buf: buf, start: len(buf)} }

// Bytes is the buffer with all that was written.
func (w *Writer) Bytes() []byte { return w.buf }

// Object writes an object with the members that are written meanwhile.
func (w *Writer) Object(members func()) { w.BeginObject(); members(); w.EndObject() }

// Array writes an array of the values that are written meanwhile.
func (w *Writer) Array(values func()) { w.BeginArray(); values(); w.EndArray() }

// BeginObject writes an opening brace.
func (w *Writer) BeginObject() { w.comma(); w.buf = append(w.buf, '{') }

// EndObject writes a closing brace.
func (w *Writer) EndObject() { w.buf = append(w.buf, '}') }

// BeginArray writes an opening bracket.
func (w *Writer) BeginArray() { w.comma(); w.buf = append(w.buf, '[') }

// EndArray writes a closing bracket.
func (w *Writer) EndArray() { w.buf = append(w.buf, ']') }

// Name writes a member's name; its value must follow.
func (w *Writer) Name(name string) *Writer {
	w.String(name)
	w.buf = append(w.buf, ':')
	return w
}

// String writes a string as AppendString does.
func (w *Writer) String(s string) { w.comma(); w.buf = AppendString(w.buf, s) }

// Bool writes true or false.
func (w *Writer) Bool(b bool) { w.comma(); w.buf = strconv.AppendBool(w.buf, b) }

// Int writes an integer.
func (w *Writer) Int(n int64) { w.comma(); w.buf = strconv.AppendInt(w.buf, n, 10) }

// Raw writes one JSON value as it is given. No bytes at all become null, so that
// the output stays JSON.
func (w *Writer) Raw(b []byte) {
	w.comma()
	if len(b) == 0 {
		b = []byte("null")
	}
	w.buf = append(w.buf, b...)
}

// Value writes the exact bytes of a value; an Absent one becomes null.
func (w *Writer) Value(v Value) { w.Raw(v.Raw()) }

// Member writes a name and a string, or nothing where the string is empty: FHIR
// has no empty strings.
func (w *Writer) Member(name, s string) {
	if s != "" {
		w.Name(name).String(s)
	}
}

func (w *Writer) comma() {
	if len(w.buf) == w.start {
		return
	}
	switch w.buf[len(w.buf)-1] {
	case '{', '[', ':':
	default:
		w.buf = append(w.buf, ',')
	}
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Only what JSON requires is escaped:
// quotes, backslashes and control characters. What is not UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	kept := 0 // s[kept:i] is still to be copied
	for i := plainWords(s); i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= utf8.RuneSelf && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = appendEscaped(append(dst, s[kept:i]...), r)
		i += size
		kept = i
	}
	return append(append(dst, s[kept:]...), '"')
}

// plainWords is how many bytes a string begins with that need no second look, counted in
// words of eight: nearly all strings are of nothing else.
func plainWords(s string) int {
	const ones = 0x0101010101010101
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		word := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		// The highest bit of a byte is set by what is above 0x7f, and by what is less than nothing.
		if (word|(word-' '*ones)|(word^'"'*ones-ones)|(word^'\\'*ones-ones))&(0x80*ones) != 0 {
			break
		}
	}
	return i
}

func appendEscaped(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case utf8.RuneError:
		return utf8.AppendRune(dst, r)
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&0xF])
	}
}
