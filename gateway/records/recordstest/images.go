package recordstest

import (
	"errors"
	"testing"

	"cpagateway/gateway/records"
)

func imageOf(t *testing.T, store Store, source string) string {
	t.Helper()
	return View(t, store, func(now records.Snapshot) (string, error) {
		body, err := now.Image("CarePlan", "c1", source)
		return string(body), err
	})
}

func images(t *testing.T, store Store) {
	if image := imageOf(t, store, "suite"); image != "" {
		t.Errorf("before anything: %q", image)
	}
	for _, body := range []string{"one", "two"} {
		kept := []byte(body)
		err := store.Update(t.Context(), func(tx records.Tx) error {
			return errors.Join(tx.KeepImage("CarePlan", "c1", "suite", kept), tx.KeepImage("CarePlan", "c1", "other", []byte("else")))
		})
		if err != nil {
			t.Fatal(err)
		}
		kept[0] = 'x'
		if image := imageOf(t, store, "suite"); image != body {
			t.Errorf("after %q: %q", body, image)
		}
	}
	failed := errors.New("undone")
	err := store.Update(t.Context(), func(tx records.Tx) error {
		return errors.Join(tx.KeepImage("CarePlan", "c1", "suite", []byte("three")), failed)
	})
	if image := imageOf(t, store, "suite"); !errors.Is(err, failed) || image != "two" {
		t.Errorf("after what was undone: %q, %v", image, err)
	}
	if image := imageOf(t, store, "other"); image != "else" {
		t.Errorf("of another source: %q", image)
	}
}

func edits(t *testing.T, store Store) {
	made := func(id string, edit records.Edit) bool {
		t.Helper()
		return View(t, store, func(now records.Snapshot) (bool, error) { return now.Edited("CarePlan", id, edit) })
	}
	keep := func(edit records.Edit, err error) {
		t.Helper()
		if got := store.Update(t.Context(), func(tx records.Tx) error {
			return errors.Join(tx.KeepEdit("CarePlan", "c1", edit), tx.KeepEdit("CarePlan", "c1", edit), err)
		}); !errors.Is(got, err) {
			t.Fatal(got)
		}
	}
	keep(records.Edit{1}, nil)
	keep(records.Edit{2}, errors.New("undone"))
	if !made("c1", records.Edit{1}) || made("c1", records.Edit{2}) || made("c2", records.Edit{1}) {
		t.Error("of three edits, not the one that was made is known")
	}
}

func sendings(t *testing.T, store Store) {
	sent := func(id string) string {
		t.Helper()
		return View(t, store, func(now records.Snapshot) (string, error) { return now.Sent(id) })
	}
	keep := func(at string, err error) {
		t.Helper()
		if got := store.Update(t.Context(), func(tx records.Tx) error { return errors.Join(tx.KeepSent("s1", at), err) }); !errors.Is(got, err) {
			t.Fatal(got)
		}
	}
	for _, at := range []string{"2026-02", "2026-01"} { // which is older is for whoever asks
		keep(at, nil)
		keep("undone", errors.New("undone"))
		if sent("s1") != at || sent("s2") != "" {
			t.Errorf("after what was sent at %s: %q, and of something else %q", at, sent("s1"), sent("s2"))
		}
	}
}
