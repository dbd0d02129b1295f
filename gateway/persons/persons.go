// Package persons is what is known of who is who: records that are kept apart from
// the person whose NHS number they claim, persons in doubt, and moves of records from
// one person to another. The stores under gateway/store implement it, and their suite
// (storetest) holds them to it.
package persons

import (
	"cmp"
	"errors"
	"time"

	"cpagateway/profiles"
)

// ErrElsewhere refuses a move of a resource that is not the person's it is moved from.
var ErrElsewhere = errors.New("the resource is not this person's")

// Doubt says why somebody should look at a person. Codes never change meaning.
type Doubt string

// The doubts. With the first four the records may be kept apart from another person.
const (
	Contradicts Doubt = "IDENTITY-CONFLICT"     // they claim the NHS number of somebody whom they contradict
	Traced      Doubt = "NHS-NUMBER-TRACED"     // they got an NHS number under which another record is held
	Replaced    Doubt = "NHS-NUMBER-SUPERSEDED" // they say that another person's NHS number was theirs, or have only a superseded one
	Parted      Doubt = "PARTED"                // somebody found out that they are about another human than the person they were filed under
	NoNumber    Doubt = "NO-NHS-NUMBER"
	Linked      Doubt = "PATIENT-LINK" // Patient.link leads to a record that is not held, or is another person's
	Unverified  Doubt = "UNVERIFIED"   // closed for another reason: two numbers, a modifier, a wish about somebody else
)

// Doubts are all of them.
func Doubts() []Doubt {
	return []Doubt{Contradicts, Traced, Replaced, Parted, NoNumber, Linked, Unverified}
}

// Standing is where a person stands who is not simply one. The zero Standing, but
// for the person, is everybody else's.
type Standing struct {
	Person    profiles.PersonID
	Custodian profiles.OrgCode  // whose records came into doubt
	Source    string            // what brought them
	Patient   string            // id of the Patient that did
	Apart     profiles.PersonID // from whom they are kept apart; empty for nobody
	Doubts    []Doubt
	Confirmed []string // names that somebody confirmed to be this person's: "Patient/id", "system|value"
	Since     time.Time
}

// Open reports whether somebody should look at the person.
func (s Standing) Open() bool { return s.Apart != "" || len(s.Doubts) > 0 }

// First is the first doubt, and empty for whoever is not Open.
func (s Standing) First() Doubt {
	switch {
	case len(s.Doubts) > 0:
		return s.Doubts[0]
	case s.Apart != "":
		return Contradicts
	}
	return ""
}

// Ordinary reports that there is nothing to keep: the person is simply one.
func (s Standing) Ordinary() bool { return !s.Open() && len(s.Confirmed) == 0 }

// Older puts standings in the order in which they came into doubt.
func Older(a, b Standing) int {
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Person, b.Person))
}

// Kind says what a move is.
type Kind string

// The kinds of move.
const (
	Join    Kind = "join"    // the records of one person are another's
	Part    Kind = "part"    // a record is about somebody else than the person it is filed under
	Confirm Kind = "confirm" // what was in doubt is so; nothing moves
	Undo    Kind = "undo"    // a move is taken back
	Rank    Kind = "rank"    // an import found out which of two contradicting records is the established one
)

// Move is one settled question of who is who: what was moved, and the standings
// that it left, so that it can be taken back.
type Move struct {
	ID        string
	Kind      Kind
	At        time.Time
	From, To  profiles.PersonID // where resources moved; the same for Confirm
	Resources []string          // "Type/id"
	Stayed    []string          // the Patients that were filed under To before, as "Patient/id"
	Before    []Standing        // of both, and of whoever was kept apart from From, before the move
	Reference string            // what the operator names as its ground, such as a ticket; never a name
	Undoes    string            // id of the move that it takes back
}

// Concerns reports whether a move touched a person.
func (m Move) Concerns(person profiles.PersonID) bool { return m.From == person || m.To == person }

// Snapshot is one moment of who is who.
type Snapshot interface {
	// Standing is that of one person.
	Standing(person profiles.PersonID) (Standing, error)
	// Unresolved lists the persons at whom somebody should look, oldest first.
	Unresolved() ([]Standing, error)
	// ApartFrom lists those whose records are kept apart from a person, oldest first. It
	// takes no longer where others are in doubt.
	ApartFrom(person profiles.PersonID) ([]Standing, error)
	// CountUnresolved is how many these are, by their first doubt.
	CountUnresolved() (map[Doubt]int, error)
	// Moves lists every move, oldest first.
	Moves() ([]Move, error)
	// CountMoves is how many these are. It takes no longer with more of them.
	CountMoves() (int, error)
}

// Tx is a change of who is who. It reads what it has written.
type Tx interface {
	Snapshot
	// Stand keeps where a person stands, in place of what was kept. The epochs of the
	// person, and of whom the records are or were kept apart from, move.
	Stand(s Standing) error
	// Move keeps a move, and makes its resources, with every version of them, those of
	// the person they move to. The epochs of both move. ErrElsewhere refuses it whole.
	Move(m Move) error
}
