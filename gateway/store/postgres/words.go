package postgres

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// text is a statement with the placeholders of PostgreSQL ($1 for ?1, and for ? the one
// after the last), and without what only SQLite says.
func text(of string) string {
	of = strings.ReplaceAll(of, "INSERT OR FAIL INTO", "INSERT INTO")
	var b strings.Builder
	last := 0
	for {
		before, after, found := strings.Cut(of, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits := 0
		for digits < len(after) && '0' <= after[digits] && after[digits] <= '9' {
			digits++
		}
		number, err := strconv.Atoi(after[:digits])
		if err != nil {
			number = last + 1
		}
		last = max(last, number)
		b.WriteString("$" + strconv.Itoa(number))
		of = after[digits:]
	}
}

// argument is a text as PostgreSQL can keep it: it has no zero byte, and is UTF-8. What is
// neither says so by U+FFFD.
func argument(of string) string {
	if strings.IndexByte(of, 0) < 0 && utf8.ValidString(of) {
		return of
	}
	return strings.ReplaceAll(strings.ToValidUTF8(of, "\uFFFD"), "\x00", "\uFFFD")
}
