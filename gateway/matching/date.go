package matching

import "time"

// Date is a birth date as far as it is known; the zero Date is not known at all.
type Date struct{ Year, Month, Day int }

// readDate reads a FHIR date; what is none is not known.
func readDate(text string) Date {
	for _, layout := range [...]string{"2006", "2006-01", time.DateOnly} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		d := Date{Year: t.Year()}
		if len(layout) > len("2006") {
			d.Month = int(t.Month())
		}
		if layout == time.DateOnly {
			d.Day = t.Day()
		}
		return d
	}
	return Date{}
}

func (d Date) full() bool { return d.Day != 0 }

// firstDay is what many systems write of somebody whose birth date they do not know,
// or of whom they know the year.
func (d Date) firstDay() bool { return d.Month == 1 && d.Day == 1 }

// compareDates says how far two birth dates agree.
func compareDates(a, b Date) Reason {
	switch {
	case a == Date{} || b == Date{}:
		return BirthDateMissing
	case a == b && a.full():
		return SameBirthDate
	case a.firstDay() || b.firstDay():
		return BirthDateFirstDay
	case !a.full() || !b.full():
		if a.Year == b.Year && (a.Month == 0 || b.Month == 0 || a.Month == b.Month) {
			return BirthDatePartial
		}
	case different(a, b) == 1 || a.Year == b.Year && a.Month == b.Day && a.Day == b.Month:
		return BirthDateOneOff
	}
	return BirthDateDiffers
}

// different counts the components of two full dates that differ.
func different(a, b Date) int {
	n := 0
	for _, differs := range [...]bool{a.Year != b.Year, a.Month != b.Month, a.Day != b.Day} {
		if differs {
			n++
		}
	}
	return n
}
