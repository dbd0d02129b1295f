package scratch

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

// List is byte strings one after the other.
type List struct {
	files   Files
	room    int // bytes in memory before it asks for a file
	file    File
	written uint64 // bytes in the file
	tail    []byte // and those after them
}

// inMemory is how many bytes a List keeps before it asks for a file.
const inMemory = 2 << 20

// tailSize is how much a List with a file keeps in memory.
const tailSize = 64 << 10

// NewList makes an empty List.
func NewList(files Files) *List { return &List{files: files, room: inMemory} }

// Add adds a string at the end.
func (l *List) Add(text []byte) error {
	_, err := l.add(nil, text)
	return err
}

// add is Add of a string in two pieces that says where it is.
func (l *List) add(head, text []byte) (at uint64, err error) {
	at = l.size()
	size := len(head) + len(text)
	if need := len(l.tail) + size + binary.MaxVarintLen64; need > cap(l.tail) {
		l.tail = slices.Grow(l.tail, max(need, 2*len(l.tail))-len(l.tail))
	}
	l.tail = binary.AppendUvarint(l.tail, uint64(size))
	l.tail = append(append(l.tail, head...), text...)
	if l.files == nil || len(l.tail) < tailSize || l.file == nil && len(l.tail) < l.room {
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

func (l *List) size() uint64 { return l.written + uint64(len(l.tail)) }

// Close lets go of the List, whose strings stay with whoever has them.
func (l *List) Close() error {
	file := l.file
	*l = List{files: l.files, room: l.room}
	if file == nil {
		return nil
	}
	return file.Close()
}

// All gives every string in its order; it may be kept. It ends at the first error.
func (l *List) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var part []byte
		for at, end := uint64(0), l.size(); at < end; {
			n, skip := binary.Uvarint(part)
			if skip <= 0 || uint64(len(part)-skip) < n {
				var err error
				if part, err = l.part(at, max(tailSize, n+binary.MaxVarintLen64)); err != nil {
					yield(nil, err)
					return
				}
				continue
			}
			text := part[skip : skip+int(n) : skip+int(n)]
			part, at = part[skip+int(n):], at+uint64(skip)+n
			if !yield(text, nil) {
				return
			}
		}
	}
}

// part copies up to so many bytes that begin at a place.
func (l *List) part(at, most uint64) ([]byte, error) {
	if at >= l.written {
		from := l.tail[at-l.written:]
		return append([]byte{}, from[:min(most, uint64(len(from)))]...), nil
	}
	part := make([]byte, min(most, l.size()-at))
	inFile := min(uint64(len(part)), l.written-at)
	if err := readAt(l.file, part[:inFile], int64(at)); err != nil {
		return nil, fmt.Errorf("reading what a run remembers: %w", err)
	}
	copy(part[inFile:], l.tail)
	return part, nil
}

// at is the string that stands at a place.
func (l *List) at(at uint64) ([]byte, error) {
	part, err := l.part(at, 256)
	if err != nil {
		return nil, err
	}
	n, skip := binary.Uvarint(part)
	if uint64(len(part)-skip) < n {
		if part, err = l.part(at, uint64(skip)+n); err != nil {
			return nil, err
		}
	}
	return part[skip : skip+int(n)], nil
}
