package demo

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"

	"cpagateway/gateway/wholefile"
)

// The keys live below the demo's data folder, one JWK per file, readable by their
// owner only. They are made on the first start and never leave the folder.
//
//	DIR/demo/issuer.jwk      signs access tokens
//	DIR/demo/keys/NAME.jwk   a caller's, signs its client assertions
const (
	keyFolder  = "demo"
	keyFile    = ".jwk"
	ownerOnly  = 0o600
	ownerEnter = 0o700
)

func issuerKeyPath(dir string) string { return filepath.Join(dir, keyFolder, "issuer"+keyFile) }

func callerKeyPath(dir, name string) string {
	return filepath.Join(dir, keyFolder, "keys", name+keyFile)
}

// keyAt reads a private key, making it on the first start.
func keyAt(path string) (jose.JSONWebKey, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	return key, err
}

// readKey refuses a key that others on this machine could have read.
func readKey(path string) (jose.JSONWebKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("reading a demo key: %w", err)
	}
	if info.Mode().Perm()&^ownerOnly != 0 {
		return jose.JSONWebKey{}, fmt.Errorf("reading a demo key: %s may be read by others than its owner", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("reading a demo key: %w", err)
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(text, &key); err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("reading a demo key: %s is not a JWK", path)
	}
	if _, ok := key.Key.(*ecdsa.PrivateKey); !ok {
		return jose.JSONWebKey{}, fmt.Errorf("reading a demo key: %s holds no private EC key", path)
	}
	return key, nil
}

// makeKey writes a new ES256 key, named by its thumbprint. Where two demos start
// on one folder at once, the first to write wins and the other reads.
func makeKey(path string) (jose.JSONWebKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("making a demo key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("naming a demo key: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	text, err := json.Marshal(key)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("making a demo key: %w", err)
	}
	if err = os.MkdirAll(filepath.Dir(path), ownerEnter); err == nil {
		err = wholefile.Make(path, text, ownerOnly)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return readKey(path)
	case err != nil:
		return jose.JSONWebKey{}, fmt.Errorf("writing a demo key: %w", err)
	}
	return key, nil
}
