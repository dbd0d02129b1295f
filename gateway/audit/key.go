package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cpagateway/gateway/wholefile"
)

// The names of the key files that FolderKeys makes.
const (
	KeyFile    = "audit.key" // PKCS #8, PEM; readable by its owner only
	PublicFile = "audit.pub" // the list, PKIX, PEM; copy it to where the log is verified
)

// Keys are what a writer signs checkpoints with, and the list of those whose
// signatures the log takes: the writer's own and the other writers'.
type Keys struct {
	Private ed25519.PrivateKey
	Listed  []ed25519.PublicKey
}

// check refuses keys by which nothing that is signed could be verified.
func (k Keys) check() error {
	if len(k.Private) != ed25519.PrivateKeySize {
		return errors.New("the signing key is not an Ed25519 key")
	}
	own := k.Private.Public().(ed25519.PublicKey)
	if !slices.ContainsFunc(k.Listed, func(listed ed25519.PublicKey) bool { return listed.Equal(own) }) {
		return errors.New("the signing key is not among the listed ones")
	}
	return nil
}

// FolderKeys reads the keys of a folder, or makes one and lists it where there is
// neither. Two that start on one folder agree: the first key made is the one. A
// key that cannot be read is an error, and so is a list without its key: a new one
// would sign a log that the old one began.
func FolderKeys(dir string) (Keys, error) {
	name, list := filepath.Join(dir, KeyFile), filepath.Join(dir, PublicFile)
	private, err := ReadKey(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, noList := os.Stat(list); errors.Is(noList, fs.ErrNotExist) {
			if err := makeKey(name); err != nil && !errors.Is(err, fs.ErrExist) {
				return Keys{}, err
			}
		}
		private, err = ReadKey(name) // by whom it was made
	}
	if err != nil {
		return Keys{}, err
	}
	if err := listKey(list, private); err != nil {
		return Keys{}, err
	}
	listed, err := ReadPublicKeys(list)
	if err != nil {
		return Keys{}, err
	}
	keys := Keys{Private: private, Listed: listed}
	if err := keys.check(); err != nil {
		return Keys{}, fmt.Errorf("reading the audit keys of %s: %w", dir, err)
	}
	return keys, nil
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
	if err := wholefile.Make(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return fmt.Errorf("keeping the audit key: %w", err)
	}
	return nil
}

// listKey makes the list where it is not there yet.
func listKey(name string, key ed25519.PrivateKey) error {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil {
		err = wholefile.Replace(name, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
	}
	if err != nil {
		return fmt.Errorf("listing the audit key: %w", err)
	}
	return nil
}

// ReadKey reads a signing key from a PEM file (PKCS #8, Ed25519).
func ReadKey(name string) (ed25519.PrivateKey, error) {
	keys, err := readPEM[ed25519.PrivateKey](name, "PRIVATE KEY", x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	if len(keys) > 1 {
		return nil, fmt.Errorf("reading the audit key %s: it holds more than one", name)
	}
	return keys[0], nil
}

// ReadPublicKeys reads the keys for Verify from a PEM file of one or more (PKIX, Ed25519).
func ReadPublicKeys(name string) ([]ed25519.PublicKey, error) {
	return readPEM[ed25519.PublicKey](name, "PUBLIC KEY", x509.ParsePKIXPublicKey)
}

// readPEM reads a file of keys and nothing else. It never repeats the content of
// the file in an error.
func readPEM[K any](name, blockType string, parse func([]byte) (any, error)) (keys []K, err error) {
	rest, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading an audit key: %w", err)
	}
	for len(bytes.TrimSpace(rest)) > 0 || len(keys) == 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != blockType {
			return nil, fmt.Errorf("reading the audit key %s: it is not a PEM file of a %s", name, blockType)
		}
		parsed, err := parse(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading the audit key %s: the %s cannot be read", name, blockType)
		}
		key, ok := parsed.(K)
		if !ok {
			return nil, fmt.Errorf("reading the audit key %s: it is not an Ed25519 key", name)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
