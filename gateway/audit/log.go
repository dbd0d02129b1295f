package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
)

// ErrClosed is the answer of a Log after Close: nothing was recorded.
var ErrClosed = errors.New("the audit log is closed")

// Log is the one writer of this process to a chain. Its methods are safe for
// concurrent use. Each waits until what it records is durable; when ctx ends
// first, or the commit fails, the caller gets an error and may release nothing,
// although the entry may then be in the chain all the same.
//
// A failed commit fails those who waited for it and nobody else: the Log asks
// the sink for the end of the chain in every commit and remembers nothing that
// a failure could make wrong.
type Log struct {
	sink    Sink
	key     ed25519.PrivateKey
	clock   func() time.Time
	witness Witness

	jobs    chan *job
	end     sync.Once
	closing chan struct{}
	closed  chan struct{}      // when the writer has ended
	abort   context.CancelFunc // of the commit that runs

	// Only the writer goroutine touches the rest.
	left       left
	witnessErr error // of the newest checkpoint
}

// Option changes how a Log works.
type Option func(*Log)

// Witnessed has every checkpoint kept by a witness, and the chain compared with
// the newest one before anything is added to it.
func Witnessed(w Witness) Option { return func(l *Log) { l.witness = w } }

// Open starts a log on the chain in the sink. With a witness, a chain that does
// not hold the newest checkpoint is refused: it was cut off or rewritten, and
// going on would cover that up. ctx is for opening only; Close ends the log.
func Open(ctx context.Context, sink Sink, key ed25519.PrivateKey, clock func() time.Time, options ...Option) (*Log, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("opening the audit log: the signing key is not an Ed25519 key")
	}
	l := &Log{
		sink: sink, key: key, clock: clock, witness: noWitness{},
		jobs: make(chan *job), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	for _, option := range options {
		option(l)
	}
	if err := l.compare(ctx); err != nil {
		return nil, fmt.Errorf("opening the audit log: %w", err)
	}
	ctx, l.abort = context.WithCancel(context.WithoutCancel(ctx))
	go l.write(ctx)
	return l, nil
}

// compare looks for the witness's newest checkpoint in the chain.
func (l *Log) compare(ctx context.Context) error {
	note, err := l.witness.Newest()
	if err != nil || note == "" {
		return err
	}
	newest, err := openNote(note, l.key.Public().(ed25519.PublicKey))
	if err != nil {
		return fmt.Errorf("reading the witness's checkpoint: %w", err)
	}
	for row, err := range l.sink.Rows(ctx, newest.size) {
		if err != nil {
			return err
		}
		if row.Seq == newest.size && row.Hash == newest.root {
			return nil
		}
		break
	}
	return fmt.Errorf("the chain does not hold the witness's checkpoint of entry %d: run audit verify", newest.size)
}

// Record keeps the decisions on a request, one for each custodian asked, and
// what each of them releases: one entry per decision, whether or not it released
// something. It refuses with ErrEpochMoved when a fact about any of the persons
// changed after the decision on them: then nothing is recorded and nothing may be
// released. Disclosures that carry nothing are left out; one that rests on none
// of the decisions is an error.
func (l *Log) Record(ctx context.Context, e Event, decisions []consent.Decision, released []disclosure.Disclosure) (Recorded, error) {
	j, err := decidedJob(e, decisions)
	if err != nil {
		return Recorded{}, fmt.Errorf("recording: %w", err)
	}
	var carrying []disclosure.Disclosure
	for _, x := range released {
		if x.Withheld() {
			continue
		}
		if err := j.disclose(x); err != nil {
			return Recorded{}, fmt.Errorf("recording a disclosure: %w", err)
		}
		carrying = append(carrying, x)
	}
	id, err := l.submit(ctx, j)
	if err != nil {
		return Recorded{}, err
	}
	return Recorded{id: id, released: carrying}, nil
}

// Refuse keeps a request that came to no decision, and why: an unknown caller,
// an unlisted interaction, a bad request, a failure. The code is one of ours.
func (l *Log) Refuse(ctx context.Context, e Event, caller consent.Caller, code string) (Recorded, error) {
	entry := asked(KindRequest, e, caller)
	entry.Outcome, entry.Code = OutcomeRefused, code
	return l.only(ctx, entry)
}

// Public keeps a request for something that is about nobody.
func (l *Log) Public(ctx context.Context, e Event) (Recorded, error) {
	entry := asked(KindRequest, e, consent.Caller{})
	entry.Outcome = OutcomePublic
	return l.only(ctx, entry)
}

// Brought keeps that a source system brought a batch in, under the decision
// that accepted it. The epoch is not compared: the batch itself has moved it.
func (l *Log) Brought(ctx context.Context, e Event, source string, counts Counts, d consent.Decision) (Recorded, error) {
	entry := decided(KindImport, e, d)
	entry.Source, entry.Counts = source, counts
	return l.only(ctx, entry)
}

func (l *Log) only(ctx context.Context, entry Entry) (Recorded, error) {
	id, err := l.submit(ctx, newJob(entry))
	if err != nil {
		return Recorded{}, err
	}
	return Recorded{id: id}, nil
}

// submit hands a job to the writer and waits for its end.
func (l *Log) submit(ctx context.Context, j *job) (id string, err error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("recording: %w", err)
	}
	select {
	case l.jobs <- j:
	case <-l.closing:
		return "", ErrClosed
	case <-ctx.Done():
		return "", fmt.Errorf("recording: %w", ctx.Err())
	}
	select {
	case <-j.done:
		return j.id, j.err
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for the record to be durable: %w", ctx.Err())
	}
}
