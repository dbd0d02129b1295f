package ctp

import (
	"bytes"
	"path"
	"strings"

	"cpagateway/profiles/fhir"
)

// entry is one plan as it stands in a file. Row is its position in an array or
// its line, from 1; 0 for a file that is one plan.
type entry struct {
	file string
	row  int
	raw  []byte
}

// entries cuts a file into plans. Elements of an array are cut by their brackets
// alone, and lines by their ends, so that one that cannot be read takes no other
// with it; only a bracket or quotation mark left open takes the rest of an array.
func entries(file string, content []byte) []entry {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	var pieces [][]byte
	switch plain := bytes.TrimSpace(content); {
	case isLines(file, plain):
		pieces = bytes.Split(content, []byte("\n"))
	case bytes.HasPrefix(plain, []byte("[")):
		pieces = elements(plain)
	default:
		return []entry{{file, 0, plain}}
	}
	var found []entry
	for i, piece := range pieces {
		if piece = bytes.TrimSpace(piece); len(piece) > 0 {
			found = append(found, entry{file, i + 1, piece})
		}
	}
	return found
}

// isLines reports whether each line is a plan: the file's name says so, or its
// first line is a whole object and others follow.
func isLines(file string, content []byte) bool {
	if ext := strings.ToLower(path.Ext(file)); ext == ".ndjson" || ext == ".jsonl" {
		return true
	}
	first, _, more := bytes.Cut(content, []byte("\n"))
	if !more || !bytes.HasPrefix(first, []byte("{")) {
		return false
	}
	_, err := fhir.Parse(first)
	return err == nil
}

// elements cuts an array at the commas that stand in no string and in no inner
// bracket. What follows the end of the array is an element too: it is read, and
// found to be none.
func elements(array []byte) [][]byte {
	var found [][]byte
	depth, start, quoted := 0, 1, false
	for i := 0; i < len(array); i++ {
		switch c := array[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 && c == ']' {
				return append(found, array[start:i], array[i+1:])
			}
		case c == ',' && depth == 1:
			found = append(found, array[start:i])
			start = i + 1
		}
	}
	return append(found, array[start:])
}
