package relationaltest

import (
	"bytes"
	"sync"
	"testing"
)

// firstValueIsKept: of several processes the first one settles what is settled once.
func (d Database) firstValueIsKept(t *testing.T) {
	place := d.Place(t)
	var both sync.WaitGroup
	var kept [2][]byte
	for i, value := range []string{"a", "b"} {
		store := d.open(t, place, nil)
		both.Go(func() {
			var err error
			if kept[i], err = store.KeepFirst(t.Context(), "name", []byte(value)); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if !bytes.Equal(kept[0], kept[1]) || len(kept[0]) != 1 {
		t.Fatalf("two stores on one folder keep %q and %q", kept[0], kept[1])
	}
	store := d.open(t, place, nil)
	if again, err := store.KeepFirst(t.Context(), "name", []byte("c")); err != nil || !bytes.Equal(again, kept[0]) {
		t.Errorf("later %q, %v", again, err)
	}
	if other, err := store.KeepFirst(t.Context(), "another name", nil); err != nil || len(other) != 0 {
		t.Errorf("another name: %q, %v", other, err)
	}
}
