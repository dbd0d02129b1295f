package main

import (
	"testing"
	"time"
)

// Pauses double up to a minute, and are no shorter than the gateway asks for.
func TestPauses(t *testing.T) {
	g := gateway{pause: time.Second}
	for _, c := range []struct {
		attempt int
		after   string
		want    time.Duration
	}{
		{0, "", time.Second}, {1, "", 2 * time.Second}, {5, "", 32 * time.Second}, {6, "", time.Minute}, {1000, "", time.Minute},
		{0, "7", 7 * time.Second}, {4, "7", 16 * time.Second}, {0, "120", 2 * time.Minute}, {0, "soon", time.Second}, {0, "-5", time.Second},
	} {
		if got := g.pauseBefore(c.attempt, c.after); got != c.want {
			t.Errorf("after attempt %d and Retry-After %q: %v, want %v", c.attempt, c.after, got, c.want)
		}
	}
}
