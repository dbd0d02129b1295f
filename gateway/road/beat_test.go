package road

import (
	"context"
	"testing"
	"time"
)

func TestAnswersWithoutAReleaseLeaveOnABeat(t *testing.T) {
	const beat = 50 * time.Millisecond
	for elapsed, want := range map[time.Duration]time.Duration{
		0: beat, time.Nanosecond: beat - 1, 20 * time.Millisecond: 30 * time.Millisecond, beat - 1: 1, beat: beat, 120 * time.Millisecond: 30 * time.Millisecond,
		-time.Second: beat, // the clock was set back
	} {
		if got := untilBeat(elapsed, beat); got != want {
			t.Errorf("%v after it came: %v to the beat, want %v", elapsed, got, want)
		}
	}
	if got := untilBeat(0, 1); got != 1 {
		t.Errorf("of the shortest beat: %v", got)
	}
	if got := untilBeat(time.Second, 0); got != 0 {
		t.Errorf("without a beat an answer waits %v", got)
	}
}

func TestNobodyWaitsForABeatWhoHasLeft(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	leave()
	pause(ctx, time.Hour) // or the test never ends
	pause(t.Context(), 0)
	pause(t.Context(), -1)
}
