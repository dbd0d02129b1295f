package demo_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cpagateway/gateway/demo"
)

func keyFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(dir, "demo"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", d.Name(), info.Mode().Perm())
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The keys are made once per data folder, for their owner's eyes only, and differ
// from those of any other.
func TestKeysAreOfTheirFolder(t *testing.T) {
	dir := t.TempDir()
	runIn(t, dir)
	first := keyFiles(t, dir)
	if len(first) != 1+len(demo.Callers) {
		t.Errorf("%d key files, want the issuer's and one per caller", len(first))
	}
	runIn(t, dir)
	for path, text := range keyFiles(t, dir) {
		if first[path] != text {
			t.Errorf("%s was made anew", filepath.Base(path))
		}
	}
	other := t.TempDir()
	runIn(t, other)
	for path, text := range keyFiles(t, other) {
		for known, before := range first {
			if text == before {
				t.Errorf("%s is the same as %s of another folder", filepath.Base(path), filepath.Base(known))
			}
		}
	}
}

func TestTwoDemosStartOnOneFolder(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := demo.New("127.0.0.1:1", dir, &guard{}, time.Now); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(keyFiles(t, dir)); n != 1+len(demo.Callers) {
		t.Errorf("%d key files", n)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"readable by others": func(path string) error { return os.Chmod(path, 0o644) },
		"cut short":          func(path string) error { return os.Truncate(path, 20) },
		"empty":              func(path string) error { return os.Truncate(path, 0) },
		"public": func(path string) error {
			return os.WriteFile(path, []byte(`{"kty":"oct","k":"c2VjcmV0"}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			runIn(t, dir)
			path := filepath.Join(dir, "demo", "keys", "gp.jwk")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			_, err = demo.New("127.0.0.1:1", dir, &guard{}, time.Now)
			if err == nil {
				t.Fatal("the key was taken")
			}
			if strings.Contains(err.Error(), string(text[20:60])) {
				t.Error("the error holds the key")
			}
		})
	}
}

// `token` in another terminal finds the running demo's keys by its note.
func TestNoteOfTheRunningDemo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir()) // where the cache folder is on other systems
	r := run(t)
	withoutFolder := func() error {
		_, err := demo.Token(t.Context(), demo.Ask{Gateway: r.server.URL, Name: "gp", HTTP: r.client, Clock: time.Now})
		return err
	}
	if err := withoutFolder(); !errors.Is(err, demo.ErrNoDemo) {
		t.Errorf("before the note: %v", err)
	}
	remove, err := demo.LeaveNote(r.server.Listener.Addr().String(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := withoutFolder(); err != nil {
		t.Errorf("with the note: %v", err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if err := withoutFolder(); !errors.Is(err, demo.ErrNoDemo) {
		t.Errorf("after the note: %v", err)
	}
}

func TestNoteIsForItsOwnerAndReplacesAnOldOne(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	for _, dir := range []string{"old", "new"} {
		if _, err := demo.LeaveNote("127.0.0.1:8080", filepath.Join(cache, dir)); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "cpa-gateway", "demo-8080")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 || string(text) != filepath.Join(cache, "new")+"\n" {
		t.Errorf("mode %v, text %q", info.Mode().Perm(), text)
	}
	if _, err := demo.LeaveNote("no port", cache); err == nil {
		t.Error("a note without a port was left")
	}
}

func TestTokenOfNobodyAndFromElsewhere(t *testing.T) {
	r := run(t)
	if _, err := r.ask("nobody", ""); err == nil || !strings.Contains(err.Error(), "gp, ooh") {
		t.Errorf("a caller that is not there: %v", err)
	}
	for _, gateway := range []string{"https://gateway.example", "http://192.168.1.2:8080", "http://127.0.0.1.example:80", "", "://"} {
		_, err := demo.Token(t.Context(), demo.Ask{Gateway: gateway, Dir: r.dir, Name: "gp", HTTP: r.client, Clock: time.Now})
		if err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%q: %v", gateway, err)
		}
	}
	if _, err := demo.Token(t.Context(), demo.Ask{Gateway: r.server.URL, Dir: t.TempDir(), Name: "gp", HTTP: r.client, Clock: time.Now}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder without keys: %v", err)
	}
	r.server.Close()
	if _, err := r.ask("gp", ""); err == nil || !strings.Contains(err.Error(), "discovering") {
		t.Errorf("a demo that has stopped: %v", err)
	}
}
