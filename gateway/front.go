// Package gateway is the front: Gin, the allow-list, and endpoints of a few
// lines that parse a request once and hand it to the road.
package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"cpagateway/gateway/intake"
	"cpagateway/gateway/road"
	"cpagateway/gateway/search"
	"cpagateway/gateway/subscriptions"
	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// Prefix is where the FHIR endpoint lives.
const Prefix = "/fhir/R4"

// Limits of what is read of a request (docs/surface.md).
const (
	maxURL  = 8 << 10
	maxForm = 64 << 10
	maxBody = 2 << 20
)

// Front answers HTTP. Its fields are set once, before the first request.
type Front struct {
	Road    *road.Road
	Version string // of this build, told in the CapabilityStatement
	Date    string // of this build, as a FHIR date
	// PatientSystems are the systems of identifiers by which Patients can be asked
	// for, beside the NHS number and the local numbers that the gateway's maps give.
	PatientSystems []string
	// NHSNumbers says whether some source brings in numbers whose check digit fails.
	NHSNumbers intake.NumberRule
}

// Handler is the whole of the public address.
func (f *Front) Handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash, e.RedirectFixedPath, e.RemoveExtraSlash = false, false, false
	e.HandleMethodNotAllowed, e.ForwardedByClientIP, e.UseRawPath = true, false, true
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Handle(method, Prefix+"/metadata", f.metadata)
		e.Handle(method, Prefix+"/.well-known/smart-configuration", f.smart)
		e.Handle(method, Prefix+"/:type", f.serve(road.Search))
		e.Handle(method, Prefix+"/:type/_search", f.serve(road.Search)) // as HAPI's client can send one
		e.Handle(method, Prefix+"/:type/:id", f.serve(road.Read))
		e.Handle(method, Prefix+"/:type/:id/_history", f.serve(road.History))
		e.Handle(method, Prefix+"/:type/:id/$status", f.serve(road.Status))
		e.Handle(method, Prefix+"/:type/:id/$events", f.serve(road.Events))
		e.Handle(method, Prefix+"/:type/:id/_history/:version", f.serve(road.VRead))
	}
	e.POST(Prefix+"/:type/_search", f.serve(road.Search))
	e.POST(Prefix, f.serveBundle)
	e.POST(Prefix+"/:type/$break-glass", f.serve(road.BreakGlass))
	e.POST(Prefix+"/:type/:id/$transform", f.serve(road.Transform))
	e.POST(Prefix+"/:type/:id/$status", f.serve(road.Status))
	e.POST(Prefix+"/:type/:id/$events", f.serve(road.Events))
	e.POST(Prefix+"/", f.serveBundle) // as fhirpy and fhir-kit-client send one
	e.POST(Prefix+"/:type", f.serve(road.Create))
	e.PUT(Prefix+"/:type", f.serve(road.Update)) // of what a condition finds
	e.PUT(Prefix+"/:type/:id", f.serve(road.Update))
	e.PATCH(Prefix+"/:type/:id", f.serve(road.Patch))
	e.DELETE(Prefix+"/:type/:id", f.serve(road.Delete))
	e.NoRoute(f.refuse(notServed))
	e.NoMethod(f.refuse(road.Refuse(http.StatusMethodNotAllowed, "not-supported", texts.MethodNotAllowed)))
	return e
}

// serve is the one adapter between Gin and the road.
func (f *Front) serve(interaction road.Interaction) gin.HandlerFunc {
	return func(c *gin.Context) { f.Road.Serve(c.Writer, c.Request, f.asked(c, interaction)) }
}

func (f *Front) refuse(fault *road.Fault) gin.HandlerFunc {
	return func(c *gin.Context) {
		ask := road.Ask{Interaction: road.None, Fault: fault}
		if fault := unacceptable(c.Request); fault != nil {
			ask.Fault = fault
		}
		f.Road.Serve(c.Writer, c.Request, ask)
	}
}

// public answers a document that is about nobody. Other parameters than those of
// the form (mode, say) change nothing in it.
func (f *Front) public(c *gin.Context, name string, body []byte, contentType string) {
	ask := road.Ask{Interaction: road.Public, Type: name, Fault: unacceptable(c.Request)}
	if pairs, ok := parsePairs(c.Request.URL.RawQuery); ok && ask.Fault == nil {
		ask.Form, _, ask.Fault = formOf(c.Request, pairs)
	}
	f.Road.ServePublic(c.Writer, c.Request, ask, body, contentType)
}

// asked reads a request, once: the interaction against the allow-list, then the
// parameters that shape the answer, then those of the interaction. Of whoever is not
// known nothing is read but the address.
func (f *Front) asked(c *gin.Context, interaction road.Interaction) road.Ask {
	in := incomingOf(c, interaction)
	ask := in.named()
	if fault := unacceptable(c.Request); fault != nil {
		ask.Fault = fault
	}
	if ask.Fault == nil {
		return whole(c.Request, ask, func() road.Ask { return f.sent(c, in, ask) })
	}
	return ask
}

// whole is an Ask with what read makes of it: at once where the request has no body, and
// else when its sender is known.
func whole(r *http.Request, ask road.Ask, read func() road.Ask) road.Ask {
	if r.ContentLength == 0 {
		return read()
	}
	ask.Sent = read
	return ask
}

// sent reads what is asked in parameters and in the body.
func (f *Front) sent(c *gin.Context, in incoming, ask road.Ask) road.Ask {
	pairs, fault := parameters(c, in.interaction)
	var form road.Form
	if fault == nil {
		form, pairs, fault = formOf(c.Request, pairs)
	}
	if fault == nil {
		ask = f.ask(in, pairs, handlingOf(c.Request.Header))
	} else {
		ask.Fault = fault
	}
	ask.Form = form
	return ask
}

// named looks the interaction up in the allow-list.
func (in incoming) named() road.Ask {
	ask := road.Ask{Interaction: in.interaction, Type: knownType(in.typ), ID: in.id, Version: in.version}
	byCondition := in.interaction == road.Update && in.id == "" // which creates what is not there
	if !allows(ask.Type, in.interaction) || byCondition && !allows(ask.Type, road.Create) {
		ask.Interaction, ask.Fault = road.None, notServed
	}
	return ask
}

// ask reads a request that stands alone or in a bundle.
func (f *Front) ask(in incoming, pairs []pair, handling leniency) road.Ask {
	ask := in.named()
	writes := !slices.Contains(read, in.interaction)
	conditional := in.interaction == road.Update && in.id == "" && ask.Type != subscriptions.Type
	if conditional {
		in.condition, pairs = pairs, nil
	}
	switch {
	case ask.Fault != nil:
	case in.interaction == road.BreakGlass:
		ask.Fault = f.readBreakGlass(in, pairs, &ask)
	case in.interaction != road.Create && in.interaction != road.Search && !conditional && !fhir.IsID(ask.ID):
		ask.Fault = road.Nothing
	case ask.Type == subscriptions.Type:
		ask.Fault = readSubscription(in, pairs, &ask)
	case in.interaction == road.Transform:
		ask.Fault = readTransform(in, pairs, &ask)
	case in.interaction == road.Search:
		ask.Search, ask.Subset, ask.Fault = f.parseSearch(ask.Type, pairs, handling)
	case in.interaction == road.History:
		ask.Search, ask.Fault = pageOfHistory(pairs)
	case writes && len(pairs) > 0:
		ask.Fault = noParameters
	case writes:
		ask.Fault = f.readWrite(in, &ask)
	default:
		ask.Subset, ask.Fault = subsetOfRead(ask.Type, pairs)
	}
	return ask
}

// pageOfHistory reads where a page of a history begins, which is all that may be asked of one.
func pageOfHistory(pairs []pair) (ask road.SearchAsk, fault *road.Fault) {
	for _, p := range pairs {
		if p.name != "_cursor" {
			return ask, unknownParameter(p.name, append(formParams, "_cursor")...)
		}
		ask.Cursor, ask.Names = p.value, append(ask.Names, p.name)
	}
	if len(pairs) > 1 {
		return ask, road.BadRequest
	}
	return ask, nil
}

// The refusals of the front alone that several endpoints make.
var (
	notServed    = road.Refuse(http.StatusNotFound, "not-supported", texts.NotSupported)
	noParameters = road.Refuse(http.StatusBadRequest, "invalid", texts.NoParameters, strings.Join(formParams, ", "))
	wrongTarget  = road.Refuse(http.StatusBadRequest, "invalid", texts.WrongTarget)
)

// tooLarge refuses a body of more bytes than are read.
func tooLarge(most int64) *road.Fault {
	return road.Refuse(http.StatusRequestEntityTooLarge, "too-long", texts.TooLarge, most)
}

// unknownParameter refuses a parameter that is none of the known ones.
func unknownParameter(name string, known ...string) *road.Fault {
	return road.Refuse(http.StatusBadRequest, "value", texts.UnknownParameter, search.SafeName(name), strings.Join(known, ", "))
}
