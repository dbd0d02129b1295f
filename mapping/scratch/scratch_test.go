package scratch_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"cpagateway/mapping/scratch"
)

func files(t *testing.T) scratch.Files {
	t.Helper()
	return func() (scratch.File, error) {
		f, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
		t.Cleanup(func() { _ = f.Close() })
		return f, err
	}
}

func keyOf(i int) (k scratch.Key) {
	sum := sha256.Sum256(fmt.Append(nil, i))
	copy(k[:], sum[:])
	return k
}

// TestATableIsAMap holds a Table, in memory and in files, to a Go map.
func TestATableIsAMap(t *testing.T) {
	for name, files := range map[string]scratch.Files{"memory": nil, "files": files(t)} {
		t.Run(name, func(t *testing.T) {
			table, model := scratch.NewTable(files), map[scratch.Key][]byte{}
			random := rand.New(rand.NewPCG(1, 2))
			for range 150_000 {
				key := keyOf(random.IntN(100_000))
				if random.IntN(3) > 0 {
					value := bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(300))
					table.Put(key, value)
					model[key] = value
					continue
				}
				found, ok := table.Get(key)
				value, known := model[key]
				if ok != known || !bytes.Equal(found, value) {
					t.Fatalf("%x is %x, %v and not %x, %v", key, found, ok, value, known)
				}
			}
			if err := table.Err(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestAListKeepsItsOrder holds a List to a slice.
func TestAListKeepsItsOrder(t *testing.T) {
	for name, files := range map[string]scratch.Files{"memory": nil, "files": files(t)} {
		t.Run(name, func(t *testing.T) {
			list := scratch.NewList(files)
			var model [][]byte
			random := rand.New(rand.NewPCG(1, 2))
			for i := range 3000 {
				text := bytes.Repeat([]byte{byte(i)}, random.IntN(6000))
				model = append(model, text)
				if err := list.Add(text); err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			for text, err := range list.All() {
				if err != nil || n >= len(model) || !bytes.Equal(text, model[n]) {
					t.Fatalf("string %d is another, %v", n, err)
				}
				n++
			}
			if n != len(model) {
				t.Errorf("%d of %d strings", n, len(model))
			}
		})
	}
}

// TestATableHoldsLittleInMemory: what a run remembers once grew with its extract.
func TestATableHoldsLittleInMemory(t *testing.T) {
	held := func(n int) uint64 {
		table := scratch.NewTable(files(t))
		for i := range n {
			table.Put(keyOf(i), make([]byte, 50))
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(table)
		return m.HeapAlloc
	}
	if few, many := held(50_000), held(200_000); many > few+1<<20 {
		t.Errorf("50,000 keys are held in %d bytes and 200,000 in %d", few, many)
	}
}

// broken fails when it is used for the n-th time.
type broken struct {
	scratch.File
	left *int
}

var errBroken = errors.New("broken")

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	if *b.left--; *b.left < 0 {
		return 0, errBroken
	}
	return b.File.ReadAt(p, at)
}

func (b broken) WriteAt(p []byte, at int64) (int, error) {
	if *b.left--; *b.left < 0 {
		return 0, errBroken
	}
	return b.File.WriteAt(p, at)
}

// TestAFailureIsTold: a key that is not found because a file cannot be read must not
// pass for one that was never put.
func TestAFailureIsTold(t *testing.T) {
	for after := range 8 {
		left := 1000 + after*3989
		make := files(t)
		table := scratch.NewTable(func() (scratch.File, error) {
			f, err := make()
			return broken{f, &left}, err
		})
		for i := 0; i < 45_000 && table.Err() == nil; i++ {
			table.Put(keyOf(i), []byte("some value of no great length"))
			if _, ok := table.Get(keyOf(i / 2)); !ok && table.Err() == nil {
				t.Fatalf("key %d is lost and nobody is told", i/2)
			}
		}
		if !errors.Is(table.Err(), errBroken) {
			t.Fatalf("after %d: %v", left, table.Err())
		}
	}
}
