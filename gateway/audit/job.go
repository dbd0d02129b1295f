package audit

import (
	"crypto/ed25519"
	"errors"
	"strconv"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

// job is what one call records: all of its entries or none.
type job struct {
	entries []Entry
	epochs  map[profiles.PersonID]uint64 // as decided on
	clash   bool                         // two decisions of this job rest on different epochs of one person

	done chan struct{} // closed by the writer after it has set id and err
	id   string
	err  error
}

func newJob(first Entry) *job {
	return &job{entries: []Entry{first}, done: make(chan struct{})}
}

// expect makes the job depend on the epoch that was decided on.
func (j *job) expect(d consent.Decision) {
	if d.Person() == "" {
		return
	}
	if j.epochs == nil {
		j.epochs = make(map[profiles.PersonID]uint64, 1)
	}
	if other, known := j.epochs[d.Person()]; known && other != d.Epoch() {
		j.clash = true
	}
	j.epochs[d.Person()] = d.Epoch()
}

// disclose adds a release to the entry of its person, under the decision that
// the disclosure itself carries.
func (j *job) disclose(e Event, x disclosure.Disclosure) {
	j.expect(x.Decision())
	for i := range j.entries[1:] {
		entry := &j.entries[i+1]
		if entry.Person == x.Person() {
			entry.Released = append(entry.Released, release(x))
			return
		}
	}
	entry := decided(KindDisclosure, e, x.Decision())
	entry.Person = x.Person()
	entry.Released = []Release{release(x)}
	j.entries = append(j.entries, entry)
}

// moved reports whether a fact changed after the decisions of this job.
func (j *job) moved(current map[profiles.PersonID]uint64) bool {
	for person, decidedOn := range j.epochs {
		if current[person] != decidedOn {
			return true
		}
	}
	return j.clash
}

// errNotBuilt is the error of a job whose commit returned without error and
// without having asked for its rows: such a sink has kept nothing.
var errNotBuilt = errors.New("recording: the sink did not take the entries")

// left is the end of the chain as this log left it.
type left struct {
	tail     Tail
	unsigned int       // entries after the last checkpoint
	since    time.Time // when the first of them was recorded
}

// draft is the chain as it will be when a commit succeeds. It is made anew
// whenever the sink asks, and taken over only after success.
type draft struct {
	left
	now  time.Time
	rows []Row
	note string // of the checkpoint among the rows
}

// add appends an entry and returns its position.
func (d *draft) add(e Entry) uint64 {
	e.Time = d.now
	row := next(d.tail, e.Body())
	d.rows = append(d.rows, row)
	d.tail = Tail{Seq: row.Seq, Hash: row.Hash}
	if d.unsigned == 0 {
		d.since = d.now
	}
	d.unsigned++
	return row.Seq
}

// sign appends a checkpoint of the chain as it stands.
func (d *draft) sign(key ed25519.PrivateKey) {
	d.note = signNote(checkpoint{size: d.tail.Seq, root: d.tail.Hash, at: d.now}, key)
	d.add(Entry{Kind: KindCheckpoint, Note: d.note})
	d.unsigned = 0
}

// take appends a job, or says why not.
func (d *draft) take(j *job, current map[profiles.PersonID]uint64) {
	if j.moved(current) {
		j.err = ErrEpochMoved
		return
	}
	first := d.add(j.entries[0])
	for _, e := range j.entries[1:] {
		d.add(e)
	}
	j.id, j.err = strconv.FormatUint(first, 10), nil
}
