package road

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"time"

	"cpagateway/gateway/audit"
	"cpagateway/gateway/identity"
	"cpagateway/gateway/store"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// throttled is a client over its rate.
type throttled struct{ after time.Duration }

func (t *throttled) Error() string { return "the client is over its rate" }

// explainFault is the one table from error to answer, with the code for the record.
func explainFault(cause error) (reply, string) {
	var fault *Fault
	var refusal *identity.Refusal
	var slow *throttled
	switch {
	case errors.As(cause, &refusal):
		if refusal.Challenge == "" { // no fault of the caller's: the same credential may work in a while
			return refused(faultBusy), refusal.Code
		}
		p := refused(faultUnknown)
		if refusal.Forbidden {
			p = refused(Refuse(http.StatusForbidden, "forbidden", forbidden[refusal.Code]))
		}
		p.challenge = refusal.Challenge
		return p, refusal.Code
	case errors.As(cause, &slow):
		seconds := int(slow.after.Seconds()) + 1
		p := refused(Refuse(http.StatusTooManyRequests, "throttled", texts.TooMany, seconds))
		p.retryAfter = seconds
		return p, "RATE_LIMITED"
	case errors.As(cause, &fault):
		return refused(fault), "REQUEST_REFUSED"
	case errors.Is(cause, store.ErrAway):
		return refused(faultBusy), "STORE_AWAY"
	case errors.Is(cause, context.DeadlineExceeded):
		return refused(Timeout), "TIMED_OUT"
	case errors.Is(cause, context.Canceled):
		return refused(Timeout), "CALLER_GONE"
	}
	return refused(Broken), "FAILED"
}

// StatusOf is the HTTP status that a refused credential is answered with.
func StatusOf(refusal *identity.Refusal) int {
	p, _ := explainFault(refusal)
	return p.status
}

// forbidden says what a credential that is sound lacks.
var forbidden = map[string]texts.Key{
	identity.TeamMissing:      texts.NoTeam,
	identity.PurposeMissing:   texts.NoPurpose,
	identity.PurposeAmbiguous: texts.SeveralPurposes,
	scopeExceeded.Code:        texts.NoScope,
}

// scopeExceeded refuses a request that no scope of its token reaches: whatever is
// recorded, it could only be answered with nothing (RFC 6750 section 3.1).
var scopeExceeded = &identity.Refusal{
	Code: "SCOPE_EXCEEDED", Forbidden: true,
	Challenge: `Bearer error="insufficient_scope", error_description="no scope of the token reaches this type and interaction"`,
}

// unrecorded answers what could not be recorded: nothing is told of it but, where the
// store is away or held up, that it may be asked again, or elsewhere.
func unrecorded(causes ...error) reply {
	if err := errors.Join(causes...); errors.Is(err, store.ErrAway) || errors.Is(err, context.DeadlineExceeded) {
		return refused(faultBusy)
	}
	return reply{}
}

func refused(f *Fault) reply { return reply{status: f.Status, fault: f} }

// Invalid refuses a resource for what is wrong in it; nil where nothing is.
func Invalid(found []profiles.Issue) *Fault {
	f := Refuse(http.StatusUnprocessableEntity, "invalid", texts.NotValid)
	for _, i := range found {
		if i.Fatal() {
			f.Issues = append(f.Issues, Issue{Code: i.Code, Expression: i.Path, Text: i.Text})
		}
	}
	if len(f.Issues) == 0 {
		return nil
	}
	return f
}

// clash refuses an edit of parts that somebody else has changed, and says which.
func clash(clashes []merge.Clash) *Fault {
	f := Refuse(http.StatusPreconditionFailed, "conflict", texts.Clash)
	for _, c := range clashes {
		f.Issues = append(f.Issues, Issue{Code: f.Code, Expression: c.Path, Text: f.Text.In(texts.English)})
	}
	return f
}

// outcome writes a refusal as an OperationOutcome in the caller's language. In an emergency
// it says whom to call, where there is nothing or something failed.
func (r *Road) outcome(t *exchange, f *Fault) []byte {
	first := Issue{Code: f.Code, Text: f.Text.In(t.language, f.Params...)}
	if t.emergency() && (f.Status == http.StatusNotFound || f.Status == http.StatusTooManyRequests || f.Status >= http.StatusInternalServerError) {
		first.Text += " " + r.whomToCall(t)
	}
	return operationOutcome(t, "error", t.id, append([]Issue{first}, f.Issues...)...)
}

// doneOutcome says that a change was made.
func doneOutcome(t *exchange) []byte {
	return operationOutcome(t, "information", t.id, Issue{Code: "informational", Text: texts.Done.In(t.language)})
}

// crisisOutcome is the entry that every crisis read carries, found or not.
func (r *Road) crisisOutcome(t *exchange) []byte {
	return operationOutcome(t, "information", "", Issue{Code: "informational", Text: r.whomToCall(t)})
}

// whomToCall says that nothing shown does not mean that no plan exists, and whom to call
// then: the same of everybody.
func (r *Road) whomToCall(t *exchange) string {
	dutyLine := r.DutyLine
	if dutyLine == "" {
		dutyLine = texts.DutyUnknown.In(t.language)
	}
	said := texts.CrisisRead.In(t.language, dutyLine)
	if len(r.Policy.BreakGlass.Roles) > 0 && t.glass.Reason == "" {
		said += " " + texts.CrisisGlass.In(t.language)
	}
	return said
}

func operationOutcome(t *exchange, severity, requestID string, issues ...Issue) []byte {
	w := fhir.NewWriter(make([]byte, 0, 512))
	w.Object(func() {
		w.Member("resourceType", "OperationOutcome")
		w.Member("id", requestID)
		w.Member("language", t.language.String())
		w.Name("issue").Array(func() {
			for _, i := range issues {
				i.write(w, severity)
			}
		})
	})
	return w.Bytes()
}

func (i Issue) write(w *fhir.Writer, severity string) {
	w.Object(func() {
		w.Member("severity", severity)
		w.Member("code", i.Code)
		w.Name("details").Object(func() { w.Member("text", i.Text) })
		if i.Expression != "" {
			w.Name("expression").Array(func() { w.String(i.Expression) })
		}
	})
}

// uuidForm is a UUID of RFC 9562 with its version and variant.
var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$`)

// requestID echoes the caller's X-Request-Id where it is a UUID and makes one
// otherwise. It goes into logs and traces, where the form keeps names and plain
// NHS numbers out by accident; digits that a caller puts into a UUID on purpose
// it cannot tell from others.
func requestID(req *http.Request, at time.Time) string {
	if id := req.Header.Get("X-Request-Id"); uuidForm.MatchString(id) {
		return id
	}
	return newRequestID(at)
}

// newRequestID makes a UUID of version 7. It begins with the time: the audit log is listed by
// request, and one that stands anywhere in the list costs a page of its own.
func newRequestID(at time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:])                                                 // never fails (crypto/rand)
	at48 := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))[2:] //nolint:gosec // any bits will do
	copy(b[:], at48)
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// event is what the record says of the request itself.
func (t *exchange) event(status int) audit.Event {
	return audit.Event{
		At: t.at, RequestID: t.id, Interaction: string(t.ask.Interaction), Type: t.ask.Type,
		Params: t.ask.Search.Names, Status: status, Glass: t.stated,
	}
}
