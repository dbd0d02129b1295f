package hot_test

import (
	"testing"

	"pgregory.net/rapid"

	"cpagateway/gateway/hot"
)

// A reader who forgets everything at a gap misses nothing, however slowly it
// reads: no notice is skipped that was put after the last gap was read.
func TestInboxTellsOfEveryLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := hot.NewInbox()
		put, due := uint64(0), uint64(1) // due is the first notice that must not be skipped
		read := func() {
			n := <-in
			switch {
			case n.Kind == hot.NoticeGap:
				due = put + 1
			case n.Epoch > due:
				t.Fatalf("heard notice %d, and %d was lost without a gap", n.Epoch, due)
			default:
				due = max(due, n.Epoch+1)
			}
		}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			for range rapid.IntRange(0, 400).Draw(t, "puts") {
				put++
				in.Put(hot.Notice{Kind: hot.NoticePerson, Epoch: put})
			}
			for range min(len(in), rapid.IntRange(0, 400).Draw(t, "reads")) {
				read()
			}
		}
		for len(in) > 0 {
			read()
		}
		if due != put+1 {
			t.Fatalf("%d notices were put, and from %d on none was heard of", put, due)
		}
	})
}

func TestInboxNeverBlocks(t *testing.T) {
	in := hot.NewInbox()
	for range 10 * cap(in) {
		in.Put(hot.Notice{Kind: hot.NoticeAgreements})
	}
	if len(in) != cap(in) {
		t.Errorf("%d of %d places are used", len(in), cap(in))
	}
}
