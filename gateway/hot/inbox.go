package hot

// Inbox is one reader's queue of notices. Putting never blocks: a reader that
// is too slow finds NoticeGap at the end of what it still gets.
//
// The last place of the channel is kept for that gap. Whatever is dropped while
// a gap is waiting there was announced before the reader sees it, so that the
// gap tells of it too. One goroutine at a time may put.
type Inbox chan Notice

// NewInbox makes a queue of a size that a reader who keeps up never fills.
func NewInbox() Inbox { return make(Inbox, 256) }

// Put queues a notice, or NoticeGap in its place.
func (in Inbox) Put(n Notice) {
	last := cap(in) - 1
	switch {
	case len(in) < last:
		in <- n
	case len(in) == last:
		in <- Notice{Kind: NoticeGap}
	}
}
