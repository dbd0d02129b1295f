package search

import (
	"encoding/json"
	"testing"
	"time"
)

// What is written of a search into a link is read back as it was, to the end of the
// calendar.
func TestAnOperandIsReadBackAsItWasWritten(t *testing.T) {
	for _, date := range []string{"0001", "1969-12-31", "1970-01-01", "2026-07-31T09:00:00.123456789Z", "9999", "9999-12-31T23:59:59-12:00", "ap9999"} {
		p, err := Parse("Goal", "target-date", date)
		if err != nil {
			t.Fatalf("%s: %v", date, err)
		}
		for _, want := range append(p.Values, Operand{}, Operand{Prefix: "a", System: "b", Code: "c", AnySystem: true, NoSystem: true, AnyCode: true, Ref: "d", Holder: "f", Text: "e"}) {
			text, err := json.Marshal(want)
			var got Operand
			if err != nil || json.Unmarshal(text, &got) != nil || !got.From.Equal(want.From) || !got.Until.Equal(want.Until) {
				t.Fatalf("%s: %v\n%s\n%+v\n%+v", date, err, text, want, got)
			}
			got.From, got.Until, want.From, want.Until = time.Time{}, time.Time{}, time.Time{}, time.Time{}
			if got != want {
				t.Errorf("%+v became %+v", want, got)
			}
		}
	}
	if err := json.Unmarshal([]byte(`[]`), new(Operand)); err == nil {
		t.Error("what is no operand is read as one")
	}
}
