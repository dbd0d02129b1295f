package intake

import "sync/atomic"

// An import is done by several at once: the format reads and maps; what it gives out is
// read by as many as there are processors, in any order; and beside them what was read is
// kept, in the order in which it came.

// mostHandedOver is how many bytes may be on their way. One record always may.
const mostHandedOver = 4 << 20

// handover is the way from a format to whoever keeps what it gives out.
type handover struct {
	steps chan *step // in their order, to be done
	reads chan *step // the same, to be read
	asks  chan func()
	freed chan struct{}
	bytes atomic.Int64
	ended chan struct{} // closed when nothing more is kept
	err   error         // why, once ended is closed
}

// step is what is to be done with one thing that a format gave out.
type step struct {
	bytes int
	// read is what can be found out without the store and without what came before.
	read func()
	do   func() error

	done chan struct{} // closed when it was read
}

// mostSteps is how many steps may be on their way.
const mostSteps = 64

// handOver begins to do what is given, and lets so many read it.
func handOver(readers int) *handover {
	h := &handover{
		steps: make(chan *step, mostSteps), reads: make(chan *step, mostSteps+2), // and one that is done, and one that is given
		asks: make(chan func()), freed: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	for range readers {
		go func() {
			for s := range h.reads {
				s.read()
				close(s.done)
			}
		}()
	}
	go func() {
		defer close(h.ended)
		for s := range h.steps {
			<-s.done
			if h.err = s.do(); h.err != nil {
				return
			}
			h.bytes.Add(-int64(s.bytes))
			select {
			case h.freed <- struct{}{}:
			default:
			}
		}
	}()
	return h
}

// give hands a step over. An error is one of an earlier step, after which none is done.
func (h *handover) give(s step) error {
	for n := h.bytes.Load(); n > 0 && n+int64(s.bytes) > mostHandedOver; n = h.bytes.Load() {
		select {
		case ask := <-h.asks:
			ask()
		case <-h.freed:
		case <-h.ended:
			return h.err
		}
	}
	h.bytes.Add(int64(s.bytes))
	s.done = make(chan struct{})
	for {
		select {
		case h.steps <- &s:
			h.reads <- &s
			return nil
		case ask := <-h.asks:
			ask()
		case <-h.ended:
			return h.err
		}
	}
}

// finish waits until all is done. Nothing is given after it.
func (h *handover) finish() error {
	close(h.steps)
	close(h.reads)
	for {
		select {
		case ask := <-h.asks:
			ask()
		case <-h.ended:
			return h.err
		}
	}
}

// ask lets a step ask something of the format, which is done where the format runs.
func (h *handover) ask(question func() []byte) []byte {
	answer := make(chan []byte, 1)
	select {
	case h.asks <- func() { answer <- question() }:
		return <-answer
	case <-h.ended: // the format has returned, and so has everybody else
		return question()
	}
}
