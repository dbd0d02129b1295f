package scratch_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"cpagateway/mapping/scratch"
)

// TestShelvesKeepWhatHangsTogether: every string comes back once, those of one hash in one
// part and in their order, and only a part of one hash is too large.
func TestShelvesKeepWhatHangsTogether(t *testing.T) {
	const most = 50_000
	for name, files := range map[string]scratch.Files{"memory": nil, "files": files(t)} {
		t.Run(name, func(t *testing.T) {
			shelves, random := scratch.NewShelves(files), rand.New(rand.NewPCG(1, 2))
			added := map[uint64][]string{}
			hashes := []uint64{0, 1, 1 << 63, ^uint64(0), ^uint64(0) - 1<<12}
			for range 300 {
				hashes = append(hashes, random.Uint64())
			}
			for i := range 40_000 {
				hash := hashes[random.IntN(len(hashes))]
				if i%4 == 0 {
					hash = hashes[3]
				}
				text := fmt.Sprintf("%d of %d%s", i, hash, bytes.Repeat([]byte("."), random.IntN(100)))
				added[hash] = append(added[hash], text)
				if err := shelves.Add(hash, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			n := 0
			for _, err := range shelves.All() {
				if n++; err != nil {
					t.Fatal(err)
				}
			}
			if n != 40_000 {
				t.Errorf("%d of 40000 strings", n)
			}
			err := shelves.Each(most, func(p *scratch.Part) error {
				found := map[uint64][]string{}
				size := p.Size()
				for text, err := range p.All() {
					var i int
					var hash uint64
					if _, bad := fmt.Sscanf(string(text), "%d of %d", &i, &hash); err != nil || bad != nil {
						t.Fatalf("%q, %v, %v", text, err, bad)
					}
					found[hash] = append(found[hash], string(text))
				}
				if size > most && len(found) > 1 {
					t.Errorf("a part of %d bytes has strings of %d hashes", size, len(found))
				}
				for hash, texts := range found {
					if fmt.Sprint(texts) != fmt.Sprint(added[hash]) {
						t.Fatalf("hash %d: %d strings of %d, or in another order", hash, len(texts), len(added[hash]))
					}
					delete(added, hash)
				}
				return nil
			})
			if err != nil || len(added) != 0 {
				t.Errorf("%v; the strings of %d hashes are lost", err, len(added))
			}
		})
	}
}

// TestAFailureOfShelvesIsTold: a part whose file cannot be read must not pass for a shorter one.
func TestAFailureOfShelvesIsTold(t *testing.T) {
	left := 1000
	make := files(t)
	shelves := scratch.NewShelves(func() (scratch.File, error) {
		f, err := make()
		return broken{f, &left}, err
	})
	for i := range 20_000 {
		if err := shelves.Add(uint64(i)<<48, bytes.Repeat([]byte("x"), 1000)); err != nil {
			t.Fatal(err)
		}
	}
	left = 20
	if err := shelves.Each(1<<20, func(p *scratch.Part) error {
		for _, err := range p.All() {
			if err != nil {
				return err
			}
		}
		return nil
	}); !errors.Is(err, errBroken) {
		t.Errorf("nobody is told: %v", err)
	}
}
