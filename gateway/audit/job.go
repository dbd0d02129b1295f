package audit

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strconv"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

// job is what one call records: all of its entries or none.
type job struct {
	entries []Entry
	on      []ground                     // of the decision that each entry is about
	epochs  map[profiles.PersonID]uint64 // as decided on
	clash   bool                         // two decisions of this job rest on different epochs of one person

	done chan struct{} // closed by the writer after it has set id and err
	id   string
	err  error
}

func newJob(entries ...Entry) *job {
	return &job{entries: entries, done: make(chan struct{})}
}

// ground is what a decision was made on: within one request it tells them apart.
type ground struct {
	recipient
	custodian profiles.OrgCode
	person    profiles.PersonID
	epoch     uint64
	typ       string
}

// recipient is who a disclosure goes to, as far as the log tells them apart.
type recipient struct {
	client       consent.ClientID
	organisation profiles.OrgCode
	team         profiles.TeamID
	professional string
	purpose      profiles.Purpose
}

func groundOf(d consent.Decision) ground {
	c := d.Caller()
	return ground{
		recipient: recipient{client: c.Client, organisation: c.Organisation, team: c.Team, professional: c.Person, purpose: c.Purpose},
		custodian: d.Source(), person: d.Person(), epoch: d.Epoch(), typ: d.Type(),
	}
}

var (
	errUndecided    = errors.New("nothing was decided")
	errTwoCallers   = errors.New("the decisions are on the requests of two callers")
	errDecidedTwice = errors.New("two decisions are about one and the same")
	errNoDecision   = errors.New("it rests on none of the decisions")
)

// decidedJob has one entry for each decision.
func decidedJob(e Event, decisions []consent.Decision) (*job, error) {
	if len(decisions) == 0 {
		return nil, errUndecided
	}
	j := newJob()
	for i, d := range decisions {
		on := groundOf(d)
		if i > 0 && on.recipient != j.on[0].recipient {
			return nil, errTwoCallers
		}
		if slices.Contains(j.on, on) {
			return nil, errDecidedTwice
		}
		entry := decided(KindDecision, e, d)
		entry.Decision, entry.Decisions = i+1, len(decisions)
		j.entries = append(j.entries, entry)
		j.on = append(j.on, on)
		j.expect(d)
	}
	return j, nil
}

// disclose adds a release to the entry of the decision that it rests on.
func (j *job) disclose(x disclosure.Disclosure) error {
	i := slices.Index(j.on, groundOf(x.Decision()))
	if i < 0 {
		return errNoDecision
	}
	j.entries[i].Released = append(j.entries[i].Released, release(x))
	return nil
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

// add appends an entry.
func (d *draft) add(e Entry) {
	e.Time = d.now
	row := next(d.tail, e.Body())
	d.rows = append(d.rows, row)
	d.tail = Tail{Seq: row.Seq, Hash: row.Hash}
	if d.unsigned == 0 {
		d.since = d.now
	}
	d.unsigned++
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
	j.id, j.err = strconv.FormatUint(d.tail.Seq+1, 10), nil
	for _, e := range j.entries {
		d.add(e)
	}
}
