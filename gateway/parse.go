package gateway

import (
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"cpagateway/gateway/road"
	"cpagateway/gateway/texts"
)

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$`) // what a parameter's name may look like

// Page sizes, and how many parameters one search may have.
const (
	defaultCount = 20
	maxCount     = 100
	maxParams    = 50
)

// unacceptable refuses what the road should never have to interpret: addresses
// that two readers could read in two ways, and method overrides.
func unacceptable(r *http.Request) *road.Fault {
	switch {
	case len(r.URL.RequestURI()) > maxURL:
		return road.Refuse(http.StatusRequestURITooLong, "too-long", texts.AddressTooLong, maxURL)
	case r.URL.RawPath != "" || strings.Contains(r.URL.Path, "//"):
		return notServed
	case r.ContentLength > maxBody:
		return tooLarge(maxBody)
	case overridden(r.Header):
		return road.Refuse(http.StatusBadRequest, "not-supported", texts.BadRequest)
	}
	return nil
}

func overridden(h http.Header) bool {
	for _, name := range []string{"X-Http-Method-Override", "X-Method-Override", "X-Http-Method"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// parameters reads the query and, for a search by POST, the form, for an operation by POST
// the Parameters into one ordered list: there is one parser, whatever the method.
func parameters(c *gin.Context, interaction road.Interaction) ([]pair, *road.Fault) {
	pairs, ok := parsePairs(c.Request.URL.RawQuery)
	if !ok {
		return nil, road.BadRequest
	}
	switch {
	case c.Request.Method == http.MethodPost && (interaction == road.Status || interaction == road.Events):
		more, fault := operationParameters(c.Writer, c.Request)
		return append(pairs, more...), fault
	case c.Request.Method != http.MethodPost || interaction != road.Search:
		return pairs, nil
	}
	if kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, road.Refuse(http.StatusUnsupportedMediaType, "not-supported", texts.MediaType)
	}
	form, fault := bodyOf(c.Writer, c.Request, maxForm)
	if fault != nil {
		return nil, fault
	}
	more, ok := parsePairs(string(form))
	if !ok {
		return nil, road.BadRequest
	}
	return append(pairs, more...), nil
}

// pair is one parameter as it was sent.
type pair struct{ name, value string }

// parsePairs is url.ParseQuery that keeps the order.
func parsePairs(query string) ([]pair, bool) {
	var pairs []pair
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || !nameForm.MatchString(n) {
			return nil, false
		}
		pairs = append(pairs, pair{n, v})
	}
	return pairs, true
}
