package scratch

import (
	"encoding/binary"
	"errors"
)

// Index finds numbers by keys; no number is 0. An Index that has failed finds nothing
// more and says so by Err, which is to be asked before anything is done for want of a
// number.
type Index struct {
	files Files
	most  uint64 // slots in memory
	slots []slot // until they are too many; nil afterwards
	file  File
	count uint64 // slots, a power of two
	used  uint64
	err   error
}

// slot is a key and its number; 0 is a free slot. A key stands in the first free slot
// after that of its bits.
type slot struct {
	key    Key
	number uint64
}

const (
	firstSlots = 1 << 8
	slotSize   = 24
	bucket     = 8 // slots of a file that are read at once
)

// NewIndex makes an empty Index that keeps so many keys in memory, about, before it
// asks for a file: each takes 32 to 64 bytes.
func NewIndex(files Files, inMemory int) *Index {
	x := &Index{files: files, most: firstSlots, count: firstSlots, slots: make([]slot, firstSlots)}
	for x.most < uint64(inMemory) {
		x.most *= 2
	}
	return x
}

// Err is why the Index failed, if it did.
func (x *Index) Err() error { return x.err }

// Get is the number of a key, 0 where it has none.
func (x *Index) Get(key Key) uint64 {
	number, _, err := x.find(key)
	x.fail(err)
	return number
}

// Put gives a key a number, in the place of an earlier one.
func (x *Index) Put(key Key, number uint64) {
	if x.err == nil && x.used >= x.count/4*3 {
		x.fail(x.grow())
	}
	before, at, err := x.find(key)
	if err == nil && x.err == nil {
		if before == 0 {
			x.used++
		}
		err = x.set(at, slot{key, number})
	}
	x.fail(err)
}

func (x *Index) fail(err error) {
	if err != nil && x.err == nil {
		x.err, x.slots = err, make([]slot, 1)
		x.count = 1
	}
}

// find is the number of a key and its slot; 0, and the slot that it would get, where it
// has none.
func (x *Index) find(key Key) (number, at uint64, err error) {
	if x.slots == nil {
		return x.findInFile(key)
	}
	for at = binary.BigEndian.Uint64(key[:]) % x.count; x.slots[at].number != 0 && x.slots[at].key != key; {
		at = (at + 1) % x.count
	}
	return x.slots[at].number, at, nil
}

func (x *Index) findInFile(key Key) (number, at uint64, err error) {
	var raw [bucket * slotSize]byte
	for b := binary.BigEndian.Uint64(key[:]) % x.count &^ (bucket - 1); ; b = (b + bucket) % x.count {
		if err := readAt(x.file, raw[:], int64(b)*slotSize); err != nil {
			return 0, 0, err
		}
		for i := range uint64(bucket) {
			if s := slotOf(raw[i*slotSize:]); s.number == 0 || s.key == key {
				return s.number, b + i, nil
			}
		}
	}
}

func slotOf(raw []byte) slot {
	return slot{Key(raw[:len(Key{})]), binary.BigEndian.Uint64(raw[len(Key{}):])}
}

func (x *Index) set(at uint64, s slot) error {
	if x.slots != nil {
		x.slots[at] = s
		return nil
	}
	var raw [slotSize]byte
	copy(raw[:], s.key[:])
	binary.BigEndian.PutUint64(raw[len(s.key):], s.number)
	_, err := x.file.WriteAt(raw[:], int64(at)*slotSize)
	return err
}

// grow makes twice the slots in memory, or four times in a file.
func (x *Index) grow() error {
	old, file, count := x.slots, x.file, x.count
	if old != nil && (count < x.most || x.files == nil) {
		x.count *= 2
		x.slots = make([]slot, x.count)
		return x.takeOver(old)
	}
	into, err := x.files()
	if err != nil {
		return err
	}
	x.slots, x.file, x.count = nil, into, 4*count
	if old != nil {
		return x.takeOver(old)
	}
	part := make([]byte, 4096*slotSize)
	slots := make([]slot, 4096)
	for from := uint64(0); from < count && err == nil; from += uint64(len(slots)) {
		slots = slots[:min(uint64(len(slots)), count-from)]
		if err = readAt(file, part[:len(slots)*slotSize], int64(from)*slotSize); err == nil {
			for i := range slots {
				slots[i] = slotOf(part[i*slotSize:])
			}
			err = x.takeOver(slots)
		}
	}
	return errors.Join(err, file.Close())
}

func (x *Index) takeOver(slots []slot) error {
	for _, s := range slots {
		if s.number == 0 {
			continue
		}
		_, at, err := x.find(s.key)
		if err == nil {
			err = x.set(at, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
