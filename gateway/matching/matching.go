// Package matching says whether two Patient records under one NHS number can be one
// person. It compares what the records say (number, birth date, names, gender),
// knows no store, and never guesses: what it cannot reconcile is a Conflict, for a
// person to look at.
package matching

import "slices"

// Verdict says whether two records can be one person. The zero Verdict is Conflict.
type Verdict uint8

// The verdicts.
const (
	Conflict         Verdict = iota // two people, or one of whom a record is wrong
	AgreeWithWarning                // one person, by less than a full birth date
	Agree                           // one person
)

// String is the verdict as it is printed.
func (v Verdict) String() string {
	return [...]string{"conflict", "agree with a warning", "agree"}[min(v, Agree)]
}

// Reason says what a verdict rests on.
type Reason string

// The reasons. Those from BirthDateDiffers on are the ones of a Conflict.
const (
	SameBirthDate     Reason = "SAME-BIRTH-DATE"
	BirthDateMissing  Reason = "BIRTH-DATE-MISSING"   // in one of the two, or in both
	BirthDatePartial  Reason = "BIRTH-DATE-PARTIAL"   // agrees as far as it is known
	BirthDateFirstDay Reason = "BIRTH-DATE-1-JANUARY" // which many systems write for a day that is not known
	BirthDateOneOff   Reason = "BIRTH-DATE-ONE-OFF"   // day, month or year differs, or day and month are exchanged
	NoNames           Reason = "NO-NAMES"             // one of the two has none, as an MHSDS record
	SharedName        Reason = "SHARED-NAME"

	BirthDateDiffers Reason = "BIRTH-DATE-DIFFERS"
	NoSharedName     Reason = "NO-SHARED-NAME"        // where the birth date alone does not do
	NamesDisjoint    Reason = "NAMES-DISJOINT"        // in spite of one birth date
	GivenAndGender   Reason = "GIVEN-NAME-AND-GENDER" // other given names and another gender: a twin
)

// Result is a verdict with what it rests on.
type Result struct {
	Verdict Verdict
	Reasons []Reason // never a name, number or date
}

// SamePerson reports whether two records can be one person by what they say beside
// their NHS numbers.
func SamePerson(a, b Record) bool { return Beside(a, b).Verdict != Conflict }

// ShareNumber reports whether two records have an NHS number in use in common.
func ShareNumber(a, b Record) bool {
	return slices.ContainsFunc(a.InUse, func(number string) bool { return slices.Contains(b.InUse, number) })
}

// Beside says whether two records can be one person by what they say beside their NHS
// numbers. It is symmetric.
//
// The same full birth date agrees, unless all names are disjoint, or the given names are
// and the genders differ. A birth date that is missing, partial, 1 January or one component
// off needs a name in common, and is a warning. A record without names agrees by its full
// birth date only.
func Beside(a, b Record) Result {
	born := compareDates(a.Born, b.Born)
	if born == BirthDateDiffers {
		return Result{Conflict, []Reason{born}}
	}
	if disjoint(a.names.given, b.names.given) && !exchanged(a.names, b.names) && a.Gender != b.Gender && a.Gender != "" && b.Gender != "" {
		return Result{Conflict, []Reason{born, GivenAndGender}}
	}
	nameless := a.names.empty() || b.names.empty()
	shared := shareName(a.names, b.names)
	switch {
	case born == SameBirthDate && nameless:
		return Result{Agree, []Reason{born, NoNames}}
	case born == SameBirthDate && shared != nothing:
		return Result{Agree, []Reason{born, SharedName}}
	case born == SameBirthDate:
		return Result{Conflict, []Reason{born, NamesDisjoint}}
	case shared == aName:
		return Result{AgreeWithWarning, []Reason{born, SharedName}}
	}
	return Result{Conflict, []Reason{born, NoSharedName}}
}
