package demo

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"cpagateway/gateway/wholefile"
)

// ErrNoDemo means that no data folder was named and that no running demo of this
// user has left a note of its own.
var ErrNoDemo = errors.New("no demo of yours is running on that port: start one, or name its data folder with --data")

// LeaveNote writes where the keys of the demo on addr are, so that
// `cpa-gateway token` in another terminal finds them: the path of the data folder,
// in the file cpa-gateway/demo-PORT of the user's cache folder, readable by its owner
// only. The demo calls remove when it stops; a note left behind by one that
// could not is overwritten by the next on that port.
func LeaveNote(addr, dir string) (remove func() error, err error) {
	_, port, err := net.SplitHostPort(addr)
	path, pathErr := notePath(port)
	whole, wholeErr := filepath.Abs(dir)
	if err = errors.Join(err, pathErr, wholeErr); err == nil {
		err = os.MkdirAll(filepath.Dir(path), ownerEnter)
	}
	if err == nil {
		err = wholefile.Replace(path, []byte(whole+"\n"), ownerOnly)
	}
	if err != nil {
		return nil, fmt.Errorf("leaving a note of the demo: %w", err)
	}
	return func() error { return os.Remove(path) }, nil
}

// readNote finds the data folder of the demo on a port.
func readNote(port string) (string, error) {
	path, err := notePath(port)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", ErrNoDemo
	}
	if err != nil {
		return "", fmt.Errorf("reading the note of the demo: %w", err)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

func notePath(port string) (string, error) {
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache folder: %w", err)
	}
	return filepath.Join(folder, "cpa-gateway", "demo-"+port), nil
}
