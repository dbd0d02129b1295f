package main

import (
	"bytes"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// shell runs a line as a person would who pasted it.
func shell(t *testing.T, line string) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CPA_TEST_SERVERS") != "" { // make test installs it, or says what to type
			t.Fatal("curl is not installed. Type: apt-get install curl")
		}
		t.Skip("curl is not installed: the pasted lines were not tried")
	}
	var errs bytes.Buffer
	c := exec.Command("sh", "-c", line)
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", line, err, &errs)
	}
	return string(out)
}

// lockedBuffer collects what a running command prints.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is what was printed so far.
func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
