package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The names of the key files that Keys makes.
const (
	KeyFile    = "audit.key" // PKCS #8, PEM; readable by its owner only
	PublicFile = "audit.pub" // PKIX, PEM; copy it to where the log is verified
)

// Keys reads the signing key of a folder, or makes one, with its public half
// beside it. Two that start on one folder agree: the first key made is the one.
// A key that is there and cannot be read is an error: a new one would sign a
// chain that the old one began.
func Keys(dir string) (ed25519.PrivateKey, error) {
	name := filepath.Join(dir, KeyFile)
	key, err := ReadKey(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(name); err == nil || errors.Is(err, fs.ErrExist) {
			key, err = ReadKey(name)
		}
	}
	if err != nil {
		return nil, err
	}
	return key, showKey(filepath.Join(dir, PublicFile), key)
}

func makeKey(name string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("making the audit key: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("making the audit key: %w", err)
	}
	if err := putFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600, os.Link); err != nil {
		return fmt.Errorf("keeping the audit key: %w", err)
	}
	return nil
}

// showKey writes the public half where it is not there yet.
func showKey(name string, key ed25519.PrivateKey) error {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil {
		err = putFile(name, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644, os.Rename)
	}
	if err != nil {
		return fmt.Errorf("keeping the public half of the audit key: %w", err)
	}
	return nil
}

// ReadKey reads a signing key from a PEM file (PKCS #8, Ed25519).
func ReadKey(name string) (ed25519.PrivateKey, error) {
	return readPEM[ed25519.PrivateKey](name, "PRIVATE KEY", x509.ParsePKCS8PrivateKey)
}

// ReadPublicKey reads a key for Verify from a PEM file (PKIX, Ed25519).
func ReadPublicKey(name string) (ed25519.PublicKey, error) {
	return readPEM[ed25519.PublicKey](name, "PUBLIC KEY", x509.ParsePKIXPublicKey)
}

// readPEM never repeats the content of the file in an error.
func readPEM[K any](name, blockType string, parse func([]byte) (any, error)) (key K, err error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return key, fmt.Errorf("reading an audit key: %w", err)
	}
	block, _ := pem.Decode(content)
	if block == nil || block.Type != blockType {
		return key, fmt.Errorf("reading the audit key %s: it is not a PEM file of one %s", name, blockType)
	}
	parsed, err := parse(block.Bytes)
	if err != nil {
		return key, fmt.Errorf("reading the audit key %s: the %s cannot be read", name, blockType)
	}
	key, ok := parsed.(K)
	if !ok {
		return key, fmt.Errorf("reading the audit key %s: it is not an Ed25519 key", name)
	}
	return key, nil
}
