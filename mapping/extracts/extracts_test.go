package extracts_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"cpagateway/mapping"
	"cpagateway/mapping/extracts"
)

// TestNoLinkLeadsOutOfAFolder: a link in the folder of an extract once brought in
// whatever it led to, and a pipe kept the import waiting for ever.
func TestNoLinkLeadsOutOfAFolder(t *testing.T) {
	outside, folder := t.TempDir(), t.TempDir()
	for _, err := range []error{
		os.WriteFile(filepath.Join(outside, "secret.json"), []byte("{}"), 0o600),
		os.WriteFile(filepath.Join(folder, "own.json"), []byte("{}"), 0o600),
		os.Symlink("own.json", filepath.Join(folder, "inside.json")),
		os.Symlink(filepath.Join(outside, "secret.json"), filepath.Join(folder, "absolute.json")),
		os.Symlink("../"+filepath.Base(outside)+"/secret.json", filepath.Join(folder, "relative.json")),
		os.Symlink(outside, filepath.Join(folder, "folder.json")),
		os.Symlink("circle.json", filepath.Join(folder, "circle.json")),
		os.Symlink("nowhere", filepath.Join(folder, "nothing.json")),
		syscall.Mkfifo(filepath.Join(folder, "pipe.json"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := extracts.Open([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := list.Close(); err != nil {
			t.Error(err)
		}
	}()
	var report mapping.Report
	var read []string
	err = mapping.Walk(list[0].Files, &report, []string{".json"}, func(name string, _ fs.File) error {
		read = append(read, name)
		return nil
	})
	if err != nil || !slices.Equal(read, []string{"inside.json", "own.json"}) {
		t.Errorf("read %v, %v", read, err)
	}
	reasons := map[string]string{}
	for _, n := range report.NotRead {
		reasons[n.File] = n.Reason
	}
	for name, reason := range map[string]string{
		"absolute.json": "leads out of the folder", "relative.json": "leads out of the folder", "folder.json": "leads out of the folder",
		"circle.json": "circle", "nothing.json": "leads nowhere", "pipe.json": "no file",
	} {
		if !strings.Contains(reasons[name], reason) {
			t.Errorf("%s is not read: %q", name, reasons[name])
		}
	}
}
