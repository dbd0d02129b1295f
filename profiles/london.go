package profiles

import (
	"time"
	_ "time/tzdata" // the zone must be there on a machine without a zone database
)

// London is Europe/London, in which every day of an agreement, a wish or a plan is counted.
var London = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("profiles: Europe/London is missing from the embedded zone database: " + err.Error())
	}
	return zone
}()

// Day is the start of the day in London that holds an instant.
func Day(at time.Time) time.Time {
	year, month, day := at.In(London).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, London)
}
