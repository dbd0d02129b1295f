package sqlite

import (
	"testing"

	"cpagateway/gateway/store/relational/relationaltest"
)

func TestWhatIsSettledStays(t *testing.T) {
	store := fresh(t)
	if _, err := store.KeepFirst(t.Context(), "name", []byte("a")); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"UPDATE meta SET value = x'00'", "DELETE FROM meta", "INSERT OR REPLACE INTO meta (name, value) VALUES ('name', x'00')"} {
		if err := relationaltest.Direct(t, store.LendWriter, text); err == nil {
			t.Errorf("%s went through", text)
		}
	}
}
