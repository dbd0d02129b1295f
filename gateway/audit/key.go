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
// beside it. A key that is there and cannot be read is an error: a new one
// would sign a chain that the old one began.
func Keys(dir string) (ed25519.PrivateKey, error) {
	name := filepath.Join(dir, KeyFile)
	key, err := ReadKey(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the audit key: %w", err)
	}
	private, privateErr := x509.MarshalPKCS8PrivateKey(key)
	shown, publicErr := x509.MarshalPKIXPublicKey(public)
	if err := errors.Join(privateErr, publicErr); err != nil {
		return nil, fmt.Errorf("making the audit key: %w", err)
	}
	// The public half first: a key without it would never be verified.
	err = replaceFile(filepath.Join(dir, PublicFile), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: shown}), 0o644)
	if err == nil {
		err = replaceFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the audit key: %w", err)
	}
	return key, nil
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
