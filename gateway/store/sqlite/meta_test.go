package sqlite

import (
	"bytes"
	"sync"
	"testing"
)

func TestTheFirstValueIsKept(t *testing.T) {
	dir := t.TempDir()
	var both sync.WaitGroup
	var kept [2][]byte
	for i, value := range []string{"a", "b"} {
		store := reopen(t, dir)
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
	store := reopen(t, dir)
	if again, err := store.KeepFirst(t.Context(), "name", []byte("c")); err != nil || !bytes.Equal(again, kept[0]) {
		t.Errorf("later %q, %v", again, err)
	}
	if other, err := store.KeepFirst(t.Context(), "another name", nil); err != nil || len(other) != 0 {
		t.Errorf("another name: %q, %v", other, err)
	}
	for _, text := range []string{"UPDATE meta SET value = x'00'", "DELETE FROM meta", "INSERT OR REPLACE INTO meta (name, value) VALUES ('name', x'00')"} {
		if err := direct(t, store.LendWriter, text); err == nil {
			t.Errorf("%s went through", text)
		}
	}
}
