package audit_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cpagateway/gateway/audit"
)

func TestKeysAreMadeOnce(t *testing.T) {
	dir := t.TempDir()
	first, err := audit.FolderKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.FolderKeys(dir)
	if err != nil || !first.Private.Equal(again.Private) {
		t.Errorf("the key is not the same the second time: %v", err)
	}
	shown, err := audit.ReadPublicKeys(filepath.Join(dir, audit.PublicFile))
	if err != nil || len(shown) != 1 || !shown[0].Equal(first.Private.Public()) || !equal(shown, first.Listed) {
		t.Errorf("the public file holds something else: %v", err)
	}
	for name, mode := range map[string]fs.FileMode{audit.KeyFile: 0o600, audit.PublicFile: 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

// The list may name other writers' keys, and must name this one's.
func TestTheListOfKeys(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	own, err := audit.FolderKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.FolderKeys(elsewhere); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, audit.PublicFile)
	ours, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(filepath.Join(elsewhere, audit.PublicFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		list string
		keys int // 0: refused
	}{
		"both": {string(theirs) + string(ours), 2}, "lines between": {string(ours) + "\n\n" + string(theirs) + "\n", 2},
		"not ours": {string(theirs), 0}, "nothing": {"", 0}, "something else behind": {string(ours) + "x", 0},
	} {
		if err := os.WriteFile(list, []byte(c.list), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := audit.FolderKeys(dir)
		if (err == nil) != (c.keys > 0) || len(keys.Listed) != c.keys {
			t.Errorf("%s: %d keys, %v", name, len(keys.Listed), err)
		}
		if c.keys > 0 && !keys.Private.Equal(own.Private) {
			t.Errorf("%s: another key signs", name)
		}
	}
}

// A key that is there and cannot be read must not be replaced: the chain could
// then no longer be verified with the key that began it.
func TestBrokenKeyIsNotReplaced(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	good, err := x509.MarshalPKCS8PrivateKey(newKey(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty":        "",
		"no PEM":       "s3cret",
		"another kind": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("s3cret")})),
		"no key":       string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("s3cret")})),
		"two keys":     string(bytes.Repeat(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: good}), 2)),
		"not Ed25519":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, audit.KeyFile)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.FolderKeys(dir); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", name, err)
		}
		if kept, err := os.ReadFile(file); err != nil || string(kept) != content {
			t.Errorf("%s: the file was replaced", name)
		}
	}
	if _, err := audit.ReadPublicKeys(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a key that is not there was read")
	}
}

func TestKeysInNoFolder(t *testing.T) {
	if _, err := audit.FolderKeys(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// A key that was lost is not replaced while there is a list of those that sign.
func TestALostKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	if _, err := audit.FolderKeys(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, audit.KeyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.FolderKeys(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// Two processes that started on one folder each made a key, and the checkpoints
// of one of them could never be verified.
func TestTwoStartsAgreeOnTheKey(t *testing.T) {
	dir := t.TempDir()
	made := make(chan audit.Keys)
	for range 8 {
		go func() {
			keys, err := audit.FolderKeys(dir)
			if err != nil {
				t.Error(err)
			}
			made <- keys
		}()
	}
	first := <-made
	for range 7 {
		if keys := <-made; !equal(keys.Private, first.Private) || !equal(keys.Listed, first.Listed) {
			t.Error("two keys were made")
		}
	}
}
