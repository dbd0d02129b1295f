package agreements

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"cpagateway/profiles"
)

// Day is a date as agreements write it; days begin and end in Europe/London.
// It counts days, so that days can be compared and added to.
type Day int32

// NoDay is a date that is not there; it lies before every other.
const NoDay Day = 0

// unixEpoch is 1970-01-01 as a Day; day 1 is 0001-01-01.
const unixEpoch Day = 719163

// DayOf is the day of an instant in Europe/London.
func DayOf(t time.Time) Day { return civil(t.In(profiles.London).Date()) }

func civil(y int, m time.Month, d int) Day {
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400) + unixEpoch
}

// String is the ISO date, "" for NoDay.
func (d Day) String() string {
	if d == NoDay {
		return ""
	}
	return time.Unix(int64(d-unixEpoch)*86400, 0).UTC().Format(time.DateOnly)
}

// MarshalText is the ISO date.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalYAML reads an ISO date and nothing else.
func (d *Day) UnmarshalYAML(node *yaml.Node) error {
	t, err := time.Parse(time.DateOnly, node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a date is written as 2025-01-31", node.Line)}}
	}
	*d = civil(t.Date())
	return nil
}
