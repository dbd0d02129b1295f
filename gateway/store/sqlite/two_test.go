package sqlite

import (
	"sync"
	"testing"
)

// Two processes that opened a new folder at once once found the file locked:
// SQLite does not wait for the lock that the change to WAL needs.
func TestTwoOpenANewFolderAtOnce(t *testing.T) {
	for range 30 {
		dir := t.TempDir()
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 4 {
			all.Go(func() {
				<-start
				store, err := Open(t.Context(), dir)
				if err != nil {
					t.Errorf("opening: %v", err)
					return
				}
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		all.Wait()
	}
}
