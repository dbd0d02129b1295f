package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTheLogIsCopiedBesideCommits: no commit waits while thousands of pages go from the log
// into the file. The log of this test stays shorter than what SQLite lets a commit copy.
func TestTheLogIsCopiedBesideCommits(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		file, err := os.Stat(filepath.Join(dir, File))
		if err != nil {
			t.Fatal(err)
		}
		return file.Size()
	}
	before, value := size(), make([]byte, 100*4096)
	for i := range 2 * copyAfter / 100 {
		if _, err := s.KeepFirst(t.Context(), fmt.Sprint("name ", i), value); err != nil {
			t.Fatal(err)
		}
	}
	for wait := time.Now().Add(time.Minute); size() < before+copyAfter/2*4096; time.Sleep(time.Millisecond) {
		if time.Now().After(wait) {
			t.Fatalf("the file has %d bytes, as before %d", size(), before)
		}
	}
	if err := s.Close(); err != nil { // while pages are perhaps copied
		t.Error(err)
	}
}
