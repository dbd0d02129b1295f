package audit

import (
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
)

// Event is what the record says of a request beside the decision on it.
type Event struct {
	At          time.Time // when the request arrived
	RequestID   string    // as echoed to the caller
	Interaction string    // read, vread, search, metadata, import ...
	Type        string    // the FHIR type asked for, as the caller wrote it
	Params      []string  // names of the search parameters, never their values
	Status      int       // HTTP status of the answer; 0 where there is none
	Glass       Glass
}

// Glass is what the record says of broken glass; the zero Glass is whole.
type Glass struct {
	Grant     string // which one: made by the gateway, random, and the same in the request that broke it and in all that was asked by it
	Reason    consent.GlassReason
	Words     string // of the request that broke it: what the professional wrote
	Reference string // the same: what the reason rests on
}

// Recorded is the proof that an answer is in the log. Only a Log makes one; the
// zero Recorded proves nothing and carries nothing.
type Recorded struct {
	id       string
	released []disclosure.Disclosure
}

// OK reports whether anything was recorded.
func (r Recorded) OK() bool { return r.id != "" }

// ID is where the first entry of the request stands, as chain/position, such as
// 1/42; empty for the zero Recorded. It is for operators: to callers it would tell
// how busy we are.
func (r Recorded) ID() string { return r.id }

// Released is what may be answered: the disclosures that are in the log, in the
// order in which they were given. Refusals and empty answers have none.
func (r Recorded) Released() []disclosure.Disclosure { return r.released }

// illegible stands for a word that a caller sent and that may hold anything.
const illegible = "?"

// word keeps what can be the name of a type, an interaction or a search
// parameter: letters and - _ . : $ up to a length that all of ours have. A caller
// may put an NHS number where a name belongs; names have no digits.
func word(s string) string {
	if len(s) > 64 {
		return illegible
	}
	for _, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && c != '-' && c != '_' && c != '.' && c != ':' && c != '$' {
			return illegible
		}
	}
	return s
}

func words(list []string) []string {
	var kept []string
	for _, s := range list {
		kept = append(kept, word(s))
	}
	return kept
}
