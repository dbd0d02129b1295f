package consent

import (
	"time"
	_ "time/tzdata" // the zone must be there on a machine without a zone database
)

// london is Europe/London, in which every day of an agreement or directive is counted.
var london = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("consent: Europe/London is missing from the embedded zone database: " + err.Error())
	}
	return zone
}()
