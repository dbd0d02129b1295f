// Package intake brings a source system's extract in, and sets aside what it
// cannot take: map, check, accept, put under derived ids, record. One bad record
// never stops a file, and nothing of it is lost.
package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/agreements"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/quarantine"
	"cpagateway/gateway/store"
	"cpagateway/mapping"
	"cpagateway/mapping/scratch"
	"cpagateway/profiles"
)

// Format reads one foreign format. The packages under mapping implement it.
type Format interface {
	// Read maps every record under fsys. It returns an error only where the
	// extract as a whole cannot be read or out refused to go on.
	Read(ctx context.Context, fsys fs.FS, env mapping.Env, out mapping.Output) (mapping.Report, error)
	// Reread maps one fragment that was set aside (Fault.Raw), or its mended form.
	Reread(ctx context.Context, raw []byte, env mapping.Env, out mapping.Output) (mapping.Report, error)
}

// Source is a system whose extracts are brought in.
type Source struct {
	Name       string
	Format     Format
	Custodian  profiles.OrgCode // whose records these are; empty: the gateway's own
	Grants     consent.Switch   // on: its Consents may open records; otherwise they may only close them
	NHSNumbers NumberRule
}

// NumberRule says what a failed NHS number check digit means. Wales's own
// published examples fail it, so an owner of a source may choose.
type NumberRule string

// The rules: Refuse sets the record aside (the default), Report takes it and says so.
const (
	Refuse NumberRule = "refuse"
	Report NumberRule = "report"
)

// Summary is the account of a run. Read = Stored + Unchanged + Quarantined.
type Summary struct {
	Read        int            `json:"read"`
	Stored      int            `json:"stored"`
	Unchanged   int            `json:"unchanged"`
	Quarantined int            `json:"quarantined"`
	LeftBehind  map[string]int `json:"leftBehind"` // column or path -> values that no rule reads
	Defaulted   map[string]int `json:"defaulted,omitempty"`
	Warnings    map[string]int `json:"warnings,omitempty"` // rule -> how often something was taken in spite of it
	NewFaults   int            `json:"newFaults"`          // of what was set aside, what was not already
	Resources   int            `json:"resources"`          // resource versions written
	// Grants is how many Consents were set aside by themselves: they grant, and the
	// source has no authority to.
	Grants int `json:"grantsSetAside,omitempty"`
	// Apart is how many Patients were taken and are kept apart from the person whose
	// NHS number they claim, with all their records.
	Apart int `json:"keptApart,omitempty"`
	// Clashes is how many resources were taken without a part that the source has changed
	// and somebody else too: a Task asks the care coordinator to choose. Of records about
	// nobody, what the source sent is set aside.
	Clashes int `json:"clashes,omitempty"`
	// CameRight is how many faults of earlier runs are off the list: their records were sent
	// anew and taken.
	CameRight int `json:"cameRight,omitempty"`
	// Wishes is how many wishes against sharing were taken from records set aside.
	Wishes int `json:"wishesTaken,omitempty"`
	// SetAside has a line for each of the first MaxLines faults of records that were
	// set aside; Unlisted counts the others.
	SetAside []Line `json:"setAside,omitempty"`
	Unlisted int    `json:"setAsideUnlisted,omitempty"`
	// NotKept is how many of these faults the quarantine does not have: they are of a file, or
	// of a row of one that is refused as a whole.
	NotKept int `json:"setAsideNotKept,omitempty"`
	// NotRead are the files of the extract that were not read.
	NotRead []mapping.NotRead `json:"notRead,omitempty"`
}

// MaxLines is how many faults an account lists: it is held in memory, whatever an
// extract has wrong with it.
const MaxLines = 1000

func (s *Summary) list(lines []Line) {
	n := min(len(lines), MaxLines-len(s.SetAside))
	s.SetAside = append(s.SetAside, lines[:n]...)
	s.Unlisted += len(lines) - n
}

// Line is what the account says of a record that was set aside: never its value.
type Line struct {
	ID     string `json:"id,omitempty"` // in the quarantine; empty where nothing is kept there
	File   string `json:"file"`
	Row    int    `json:"row,omitempty"`
	Field  string `json:"field,omitempty"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// Intake brings extracts in. It may be used by one run at a time.
type Intake struct {
	Store    store.Viewer
	Audit    *audit.Log[store.Tx] // on the same store: what is brought in is written with the record of it
	Register *agreements.Register
	Secret   []byte           // the gateway's secret: ids and person ids are keyed with it
	Home     profiles.OrgCode // the organisation that runs this gateway
	Leaflets []string         // policies under which a grant stands (consent.Policy); of any other the account warns
	Clock    func() time.Time
	Progress func(records int) // called now and then during a run with how many records are done; may be nil
	Expect   func(records int) // called with how many there are, where the format knows; may be nil
	// Scratch makes files for what a run has to remember; they are closed at its end.
	// Nil: it is remembered in memory.
	Scratch scratch.Files
	Readers int // how many read what the format gives out, at once; at least one
}

// Run brings one extract in. An error means that the run ended early; what the
// summary counts was kept, and running again takes up the rest.
func (in *Intake) Run(ctx context.Context, source Source, fsys fs.FS) (Summary, error) {
	run := in.begin(ctx, source)
	defer run.close()
	if err := run.await(); err != nil {
		return Summary{}, err
	}
	report, err := source.Format.Read(ctx, fsys, run.env(), run)
	return run.end(report, err)
}

// Again feeds one fragment in: what was set aside, or its mended form. What is
// still wrong with it stands in the account, and is not set aside a second time. What
// the source has sent since is not undone by it.
func (in *Intake) Again(ctx context.Context, source Source, fault quarantine.Fault, raw []byte) (Summary, error) {
	run := in.begin(ctx, source)
	defer run.close()
	run.again = run.saidIn(fault)
	report, err := source.Format.Reread(ctx, raw, run.env(), run)
	return run.end(report, err)
}

func (in *Intake) begin(ctx context.Context, source Source) *run {
	if source.Custodian == "" {
		source.Custodian = in.Home
	}
	return &run{
		Intake: in, ctx: ctx, source: source, began: in.Clock(), ids: newKeyedIDs(in.Secret, source.Custodian, source.Name),
		hand: handOver(max(in.Readers, 1)), memory: newMemory(in.Scratch), pace: pace{resources: fewResources}, sum: Summary{Warnings: map[string]int{}},
	}
}

// end puts what is still held, and closes the account.
func (r *run) end(report mapping.Report, err error) (Summary, error) {
	if failed := r.hand.finish(); err == nil {
		err = failed
	}
	if err == nil {
		err = r.flush()
	}
	if err == nil {
		err = r.takeWishes()
	}
	if err == nil {
		err = errors.Join(r.memory.Err(), r.rank())
	}
	r.sum.Read = report.Read
	r.sum.LeftBehind, r.sum.Defaulted, r.sum.NotRead = report.LeftBehind, report.Defaulted, report.NotRead
	r.sum.Quarantined += report.Refused
	r.tell()
	if err != nil {
		return r.sum, fmt.Errorf("bringing in %s: %w", r.source.Name, err)
	}
	counts := audit.Counts{Read: r.sum.Read, Stored: r.sum.Stored, Unchanged: r.sum.Unchanged, Quarantined: r.sum.Quarantined, LeftBehind: len(r.sum.LeftBehind), CameRight: r.sum.CameRight}
	if err := r.recorded(func(store.Tx) (audit.Counts, error) { return counts, nil }); err != nil {
		return r.sum, fmt.Errorf("recording what %s brought in: %w", r.source.Name, err)
	}
	if accounted := r.sum.done(); accounted != r.sum.Read {
		return r.sum, fmt.Errorf("bringing in %s: %d records read but %d accounted for", r.source.Name, r.sum.Read, accounted)
	}
	return r.sum, nil
}

// done is how many records something has become of.
func (s Summary) done() int { return s.Stored + s.Unchanged + s.Quarantined }

// Plus adds two accounts.
func (s Summary) Plus(t Summary) Summary {
	s.Read += t.Read
	s.Stored += t.Stored
	s.Unchanged += t.Unchanged
	s.Quarantined += t.Quarantined
	s.Warnings = plus(s.Warnings, t.Warnings)
	s.NewFaults += t.NewFaults
	s.Resources += t.Resources
	s.Grants += t.Grants
	s.Apart += t.Apart
	s.Clashes += t.Clashes
	s.CameRight += t.CameRight
	s.Wishes += t.Wishes
	s.Unlisted += t.Unlisted
	s.NotKept += t.NotKept
	s.SetAside = slices.Clip(s.SetAside) // so that two sums of one account share nothing that is written
	s.list(t.SetAside)
	s.NotRead = append(s.NotRead, t.NotRead...)
	s.LeftBehind = plus(s.LeftBehind, t.LeftBehind)
	s.Defaulted = plus(s.Defaulted, t.Defaulted)
	return s
}

func plus(a, b map[string]int) map[string]int {
	sum := map[string]int{}
	for _, m := range []map[string]int{a, b} {
		for k, n := range m {
			sum[k] += n
		}
	}
	return sum
}
