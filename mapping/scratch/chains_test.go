package scratch_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"cpagateway/mapping/scratch"
)

// TestChainsAreAMapOfLists holds Chains, in memory and in files, to a Go map of lists.
func TestChainsAreAMapOfLists(t *testing.T) {
	for name, files := range map[string]scratch.Files{"memory": nil, "files": files(t)} {
		t.Run(name, func(t *testing.T) {
			chains, model, total := scratch.NewChains(files), map[scratch.Key][][]byte{}, 0
			random := rand.New(rand.NewPCG(1, 2))
			for range 36_000 {
				key := keyOf(random.IntN(24_000))
				text := bytes.Repeat([]byte{byte(random.Uint32())}, random.IntN(120))
				chains.Add(key, text)
				model[key] = append(model[key], text)
				total++
			}
			for key, want := range model {
				got, whole := chains.Get(key, 1<<20)
				if !whole || !bytes.Equal(bytes.Join(got, []byte{0}), bytes.Join(want, []byte{0})) {
					t.Fatalf("%x has %x, %v and not %x", key, got, whole, want)
				}
				if _, whole := chains.Get(key, 1); whole {
					t.Fatalf("%x is whole where it is longer than may be", key)
				}
			}
			if got, whole := chains.Get(keyOf(-1), 1); len(got) > 0 || !whole {
				t.Errorf("nothing was added, and %x is there", got)
			}
			for key, text := range chains.All() {
				if total--; !bytes.Equal(text, model[key][0]) {
					t.Fatalf("%x comes out of order", key)
				}
				model[key] = model[key][1:]
			}
			if err := chains.Err(); err != nil || total != 0 {
				t.Errorf("%d strings are missing: %v", total, err)
			}
		})
	}
}
