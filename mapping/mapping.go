// Package mapping turns foreign formats into FHIR by map files: it reads, checks
// and runs them, and reports what was carried, defaulted and left behind. A
// translation cannot hide anything on purpose: what it cannot take it reports.
package mapping

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"cpagateway/mapping/scratch"
	"cpagateway/profiles/fhir"
)

// Position says where something stands in what was read.
type Position struct {
	File  string // name within the extract, never a path of the machine
	Row   int    // 1-based data row, line or entry; 0 for the file as a whole
	Field string // column, or path within the entry
}

// String is the place as it is told: what it does not name is left out.
func (p Position) String() string {
	text := p.File
	if p.Row > 0 {
		text += " " + strconv.Itoa(p.Row)
	}
	if p.Field != "" {
		text += " " + p.Field
	}
	return text
}

// Resource is one resource that a map made.
type Resource struct {
	Type   string
	ID     string // the id given to it (Env.ID of its key)
	Key    string // the source's own key, unique within type and source
	Person string // key of the person it is about, empty for staff and organisations
	// NHSNumber is that of the person, in its normal form, where the source names them
	// by it alone and what was read holds no such Patient. Person is then empty.
	NHSNumber string
	// PersonAt is where the source names the person, where that is known.
	PersonAt Position
	Body     []byte
	// Checked is the body, where the format has read it and held it to its profile.
	Checked fhir.Value
	From    Position
	// Maps is the version of the maps that made it (Program.Version), empty where none did;
	// Defaulted the places where a default stands for what the source did not say.
	Maps      string
	Defaulted []string
	// Records is how many source records this resource accounts for. Every
	// record taken is accounted for by exactly one resource (others that it also
	// made say 0), so that over a run the sum is Report.Taken.
	Records int
	// Fragment gives the source record as Fault.Raw would hold it, for the case
	// that the resource is refused after it was mapped. Nil: the body serves.
	Fragment func() []byte
	// Sent is what tells it from what the source sent of the same thing at another time.
	// The resources of one record have the same.
	Sent Sending
	// Of is the source's own name of the record, the same in every extract, where the
	// resource is of that record alone. Empty: it has none, or others may say the resource too.
	Of string
	// Held is how many bytes beside the body are held until the resource is kept: of
	// the resources of one document the first one says it.
	Held int

	without []byte // of a Prover's: the body without the lines that say because, where one wrote
}

// RecordName is the source's own name of a record, from parts of which none holds a NUL.
func RecordName(parts ...string) string { return strings.Join(parts, "\x00") }

// NameOf is the source's own name of a record by what it makes; empty where that says none.
func NameOf(made []Resource) string {
	for _, m := range made {
		if m.Of != "" {
			return m.Of
		}
	}
	return ""
}

// Sending is what a source sends at one time of one thing: a document, somebody's rows.
type Sending struct {
	Of string // the source's own name of the thing
	// At is as of when the source says it, in a form in which a later time is a greater
	// text. Empty: it does not say.
	At string
}

// SentAt is an instant in the form of Sending.At.
func SentAt(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// Fault is a record, or part of one, that could not be taken.
type Fault struct {
	At     Position
	Value  string // as it came; for the quarantine's eyes only, never for a log
	Rule   string // MHS70109, CTP-..., FHIR-...
	Reason string // what is wrong and what to do, without the value
	// Raw is a fragment in the same format that can be fed in again, complete in
	// itself. It is empty where there is none: then the extract has to come again.
	Raw []byte
	// Of is the source's own name of the record, as the resources have it that it makes once it
	// is mended (Resource.Of). Empty: nothing says for certain which record it is.
	Of      string
	Warning bool // the record was taken all the same
}

// ErrFragment is a fragment that was mended into what can be no fragment of the format.
var ErrFragment = errors.New("the record cannot be read")

// Report is the account of one run: every record read is in exactly one of
// Taken and Refused, and every column that no rule reads is counted.
type Report struct {
	Read       int
	Taken      int
	Refused    int
	LeftBehind map[string]int // "Table.Column" or path -> how many non-empty values no rule took
	Defaulted  map[string]int // target path -> how often a default was used
	NotRead    []NotRead
}

// Env is what a map may know of the world: no clock, no I/O.
type Env struct {
	Source    string // name of the source system, as configured
	Custodian string // ODS code of the organisation whose records these are
	// ID derives a resource's id from its type and source key; deterministic.
	ID func(typ, key string) string
	// Scratch makes files for what is to be remembered of every record. They are
	// needed as long as what was given out, and closed by whoever gives them. Nil: it
	// is remembered in memory.
	Scratch scratch.Files
	// Expect, where it is set, is told how many records there are, by a format that knows it
	// before it gives out the first.
	Expect func(records int)
	// Stage, where it is set, is told what a run goes on with: "read" rows, "join" and judge
	// them, or "map" them. It is for whoever measures where the time goes.
	Stage func(what string)
	// Explain, where it is set, is told each step of a run: the record (forward where it
	// stood, backward TYPE/ID and the position among those given), the line of the map,
	// and what came of it. What it is told holds the values of the record.
	Explain func(record Position, line, step string)
}

// Output receives what a format makes, record by record. Returning an error stops
// the run; it may be that of an earlier record. What is given stays the receiver's.
type Output interface {
	// Take receives the resources of one source record.
	Take(resources []Resource) error
	// SetAside receives the faults of one source record. Where they refuse it,
	// consents are the Consents in it, as far as they can be made; they account for
	// no record. What may be taken from a refused record is the receiver's to decide.
	SetAside(faults []Fault, consents []Resource) error
}
