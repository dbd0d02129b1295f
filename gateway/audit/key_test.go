package audit_test

import (
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
	first, err := audit.Keys(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := audit.Keys(dir)
	if err != nil || !first.Equal(again) {
		t.Errorf("the key is not the same the second time: %v", err)
	}
	shown, err := audit.ReadPublicKey(filepath.Join(dir, audit.PublicFile))
	if err != nil || !shown.Equal(first.Public()) {
		t.Errorf("the public file holds another key: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, audit.KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v", info.Mode(), err)
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
	for name, content := range map[string]string{
		"empty":        "",
		"no PEM":       "s3cret",
		"another kind": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("s3cret")})),
		"no key":       string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("s3cret")})),
		"not Ed25519":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, audit.KeyFile)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Keys(dir); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", name, err)
		}
		if kept, err := os.ReadFile(file); err != nil || string(kept) != content {
			t.Errorf("%s: the file was replaced", name)
		}
	}
	if _, err := audit.ReadPublicKey(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a key that is not there was read")
	}
}

func TestKeysInNoFolder(t *testing.T) {
	if _, err := audit.Keys(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
