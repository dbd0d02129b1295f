package road

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"cpagateway/consent"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// glassHeader carries the grant that breaking the glass gave. Beside another purpose than BTG
// it would do nothing, and is refused.
const glassHeader = "X-Break-Glass"

// grant is what breaking the glass gives, sealed for the professional who broke it. It is
// the same to look at, whoever it is for: known here or not.
type grant struct {
	ID     string              `json:"i"` // random, by which the record knows it
	Reason consent.GlassReason `json:"g"`
	Person profiles.PersonID   `json:"p"`
	At     int64               `json:"t"` // Unix, in seconds
}

// mostAhead is how far the clock of the gateway that gave a grant may be ahead, as with tokens.
const mostAhead = time.Minute

func grantContext(c consent.Caller) string {
	return strings.Join([]string{"glass", string(c.Client), string(c.Organisation), string(c.Team), c.Person}, "\x00")
}

// sealGrant seals a grant, of one length whatever it holds.
func (r *Road) sealGrant(t *exchange) (string, error) {
	text, err := json.Marshal(grant{ID: t.stated.Grant, Reason: t.glass.Reason, Person: t.glass.Person, At: t.glass.At.Unix()})
	return r.Sealer.Seal(grantContext(t.caller), []byte(padded(string(text)))), err
}

// openGlass reads the grant that comes with a request, if one does, or begins one where the
// request breaks the glass. Who was given none, or whose is over, is told: that depends on
// the grant alone.
func (r *Road) openGlass(t *exchange) error {
	sealed := t.request.Header.Get(glassHeader)
	switch {
	case t.ask.Interaction == BreakGlass && t.caller.Purpose != profiles.BreakGlass:
		return faultMayNotBreak
	case t.ask.Interaction == BreakGlass:
		t.stated = t.ask.Glass
		t.stated.Grant = rand.Text()
		return nil
	case sealed == "":
		return nil
	case t.caller.Purpose != profiles.BreakGlass:
		return faultGrantUnused
	}
	text, ok := r.Sealer.Open(grantContext(t.caller), sealed)
	var one grant
	if !ok || json.Unmarshal(text, &one) != nil {
		return faultNoGrant
	}
	at := time.Unix(one.At, 0)
	if !t.at.Before(at.Add(consent.GlassLife)) || at.Sub(t.at) > mostAhead {
		return faultGrantOver
	}
	if at.After(t.at) {
		at = t.at
	}
	t.glass, t.stated = consent.Glass{Reason: one.Reason, Person: one.Person, At: at}, audit.Glass{Grant: one.ID, Reason: one.Reason}
	return nil
}

// granted answers a request to break the glass: with a grant whether anybody is known or
// not, and what it opens is decided when it is used. Whoever may not break it at all is
// told so, which depends on the caller and the switches alone.
func (r *Road) granted(t *exchange, decisions []consent.Decision) (reply, error) {
	if decisions[0].Deciding().ID == "A1" {
		return refused(faultMayNotBreak), nil
	}
	sealed, err := r.sealGrant(t)
	w := fhir.NewWriter(nil)
	w.Object(func() {
		w.Member("resourceType", "Parameters")
		w.Name("parameter").Array(func() {
			w.Object(func() {
				w.Member("name", "grant")
				w.Member("valueString", sealed)
			})
			w.Object(func() {
				w.Member("name", "expires")
				w.Member("valueInstant", t.glass.At.Add(consent.GlassLife).UTC().Format(time.RFC3339))
			})
		})
	})
	return reply{status: http.StatusOK, contentType: fhirJSON, document: w.Bytes()}, err
}

var (
	faultNoGrant     = Refuse(http.StatusForbidden, "forbidden", texts.GlassNotYours)
	faultGrantUnused = Refuse(http.StatusForbidden, "forbidden", texts.GlassPurpose)
	faultGrantOver   = Refuse(http.StatusForbidden, "expired", texts.GlassOver)
	faultMayNotBreak = Refuse(http.StatusForbidden, "forbidden", texts.GlassNotAllowed)
)
