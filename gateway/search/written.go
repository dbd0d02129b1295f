package search

import (
	"encoding/json"
	"time"
)

// written is an Operand as JSON. Its dates are numbers: the year 9999 ends in the next
// one, and a time as JSON has four digits for a year.
type written struct {
	plain
	From, Until instant `json:",omitzero"`
}

// plain is an Operand without methods.
type plain Operand

// instant is a time as seconds since the zero time, and nanoseconds.
type instant struct{ Seconds, Nanoseconds int64 }

func instantOf(t time.Time) instant {
	return instant{t.Unix() - time.Time{}.Unix(), int64(t.Nanosecond())}
}

func (i instant) time() time.Time {
	return time.Unix(i.Seconds+time.Time{}.Unix(), i.Nanoseconds).UTC()
}

// MarshalJSON implements json.Marshaler.
func (o Operand) MarshalJSON() ([]byte, error) {
	return json.Marshal(written{plain(o), instantOf(o.From), instantOf(o.Until)})
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Operand) UnmarshalJSON(text []byte) error {
	var w written
	err := json.Unmarshal(text, &w)
	*o = Operand(w.plain)
	o.From, o.Until = w.From.time(), w.Until.time()
	return err
}
