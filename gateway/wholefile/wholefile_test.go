package wholefile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"cpagateway/gateway/wholefile"
)

// TestOfManyWhoMakeAFileOneDoes: everybody finds the file of the first one, and nothing is
// left beside it.
func TestOfManyWhoMakeAFileOneDoes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "made")
	made := make(chan string, 20)
	var all sync.WaitGroup
	for i := range cap(made) {
		all.Go(func() {
			content := fmt.Sprint("by ", i)
			switch err := wholefile.Make(name, []byte(content), 0o600); {
			case err == nil:
				made <- content
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(made) != 1 {
		t.Fatalf("%d made it", len(made))
	}
	holds(t, name, <-made, 0o600)
}

func TestReplaceLeavesNothingOfTheFileBefore(t *testing.T) {
	name := filepath.Join(t.TempDir(), "replaced")
	for _, content := range []string{"the first, which is longer", "the second"} {
		if err := wholefile.Replace(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		holds(t, name, content, 0o644)
	}
}

func TestNothingIsMadeInAFolderThatIsNotThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none", "file")
	for _, err := range []error{wholefile.Make(name, nil, 0o600), wholefile.Replace(name, nil, 0o600)} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	}
}

// holds looks at a file, which is to be the only one of its folder.
func holds(t *testing.T, name, content string, mode fs.FileMode) {
	t.Helper()
	found, err := os.ReadFile(name)
	if err != nil || string(found) != content {
		t.Errorf("it holds %q and not %q: %v", found, content, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
		t.Errorf("its mode is not %v: %v", mode, err)
	}
	if beside, err := os.ReadDir(filepath.Dir(name)); err != nil || len(beside) != 1 {
		t.Errorf("beside it there is something: %v, %v", beside, err)
	}
}
