package scratch

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// List is byte strings one after the other.
type List struct {
	files   Files
	file    File
	written uint64 // bytes in the file
	tail    []byte // and those after them
}

// NewList makes an empty List.
func NewList(files Files) *List { return &List{files: files} }

// tailSize is how much a List with a file keeps in memory.
const tailSize = 64 << 10

// Add adds a string at the end.
func (l *List) Add(text []byte) error {
	_, err := l.add(text)
	return err
}

// add is Add that says where the string is.
func (l *List) add(text []byte) (at uint64, err error) {
	at = l.written + uint64(len(l.tail))
	l.tail = binary.AppendUvarint(l.tail, uint64(len(text)))
	l.tail = append(l.tail, text...)
	if l.files == nil || len(l.tail) < tailSize || l.file == nil && len(l.tail) < inMemory {
		return at, nil
	}
	if l.file == nil {
		if l.file, err = l.files(); err != nil {
			return 0, err
		}
	}
	if _, err := l.file.WriteAt(l.tail, int64(l.written)); err != nil {
		return 0, fmt.Errorf("writing what a run remembers: %w", err)
	}
	l.written += uint64(len(l.tail))
	if l.tail = l.tail[:0]; cap(l.tail) > 4*tailSize {
		l.tail = nil
	}
	return at, nil
}

// All gives every string in its order; it may be kept. It ends at the first error.
func (l *List) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for at := uint64(0); at < l.written+uint64(len(l.tail)); {
			text, err := l.at(at)
			if !yield(text, err) || err != nil {
				return
			}
			at += uint64(len(binary.AppendUvarint(nil, uint64(len(text))))) + uint64(len(text))
		}
	}
}

// at is the string that stands at a place.
func (l *List) at(at uint64) ([]byte, error) {
	if at >= l.written {
		n, skip := binary.Uvarint(l.tail[at-l.written:])
		return append([]byte{}, l.tail[at-l.written+uint64(skip):][:n]...), nil
	}
	var head [256]byte
	if err := readAt(l.file, head[:], int64(at)); err != nil {
		return nil, fmt.Errorf("reading what a run remembers: %w", err)
	}
	n, skip := binary.Uvarint(head[:])
	text := make([]byte, n)
	if copied := copy(text, head[skip:]); copied < len(text) {
		if err := readAt(l.file, text[copied:], int64(at)+int64(skip+copied)); err != nil {
			return nil, fmt.Errorf("reading what a run remembers: %w", err)
		}
	}
	return text, nil
}
