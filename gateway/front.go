// Package gateway is the front: Gin, the allow-list, and endpoints of a few
// lines that parse a request once and hand it to the road.
package gateway

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"cpagateway/gateway/road"
	"cpagateway/gateway/texts"
	"cpagateway/profiles/fhir"
)

// Prefix is where the FHIR endpoint lives.
const Prefix = "/fhir/R4"

// Limits of what is read of a request (surface.md §2).
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
}

// Handler is the whole of the public address.
func (f *Front) Handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash, e.RedirectFixedPath, e.RemoveExtraSlash = false, false, false
	e.HandleMethodNotAllowed, e.ForwardedByClientIP, e.UseRawPath = true, false, true
	e.GET(Prefix+"/metadata", f.metadata)
	e.GET(Prefix+"/.well-known/smart-configuration", f.smart)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Handle(method, Prefix+"/:type", f.take(f.search))
		e.Handle(method, Prefix+"/:type/:id", f.take(read))
		e.Handle(method, Prefix+"/:type/:id/_history/:version", f.take(vread))
	}
	e.POST(Prefix+"/:type/_search", f.take(f.search))
	e.NoRoute(f.refuse(http.StatusNotFound, "not-supported", texts.NotSupported))
	e.NoMethod(f.refuse(http.StatusMethodNotAllowed, "not-supported", texts.MethodNotAllowed))
	return e
}

// take is the one adapter between Gin and the road.
func (f *Front) take(parse func(*gin.Context) road.Ask) gin.HandlerFunc {
	return func(c *gin.Context) {
		ask := parse(c)
		if fault := unacceptable(c.Request); fault != nil {
			ask.Fault = fault
		}
		f.Road.Serve(c.Writer, c.Request, ask)
	}
}

func (f *Front) refuse(status int, code string, text texts.Key) gin.HandlerFunc {
	return f.take(func(*gin.Context) road.Ask {
		return road.Ask{Interaction: road.None, Fault: road.Refuse(status, code, text)}
	})
}

func read(c *gin.Context) road.Ask {
	ask := road.Ask{Interaction: road.Read, ID: c.Param("id")}
	return settle(c, ask)
}

func vread(c *gin.Context) road.Ask {
	ask := road.Ask{Interaction: road.VRead, ID: c.Param("id"), Version: c.Param("version")}
	return settle(c, ask)
}

func (f *Front) search(c *gin.Context) road.Ask {
	ask := settle(c, road.Ask{Interaction: road.Search})
	if ask.Fault != nil {
		return ask
	}
	pairs, fault := parameters(c)
	if fault == nil {
		ask.Search, fault = parseSearch(ask.Type, pairs, handling(c), f.Road.Zone)
	}
	ask.Fault = fault
	return ask
}

// settle looks the interaction up in the allow-list.
func settle(c *gin.Context, ask road.Ask) road.Ask {
	ask.Type = knownType(c.Param("type"))
	switch {
	case !allows(ask.Type, ask.Interaction):
		ask.Interaction = road.None
		ask.Fault = road.Refuse(http.StatusNotFound, "not-supported", texts.NotSupported)
	case ask.Interaction != road.Search && !fhir.IsID(ask.ID):
		ask.Fault = road.Nothing
	case ask.Interaction != road.Search && c.Request.URL.RawQuery != "" && c.Request.URL.RawQuery != "_format=json":
		ask.Fault = road.Refuse(http.StatusBadRequest, "not-supported", texts.BadRequest)
	}
	return ask
}
