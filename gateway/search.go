package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"cpagateway/consent/disclosure"
	"cpagateway/gateway/road"
	"cpagateway/gateway/search"
	"cpagateway/gateway/texts"
	"cpagateway/profiles"
)

// leniency is how unknown parameters are taken (Prefer: handling=).
type leniency string

const (
	strict  leniency = "strict" // the default: a filter silently ignored would widen the answer
	lenient leniency = "lenient"
)

func handlingOf(header http.Header) leniency {
	if slices.Contains(preferences(header.Values("Prefer")), "handling=lenient") {
		return lenient
	}
	return strict
}

// query collects a search while its parameters are read.
type query struct {
	typ   string
	ask   road.SearchAsk
	shown url.Values
	own   road.PersonKey // the resource asked for by its id, whose person stands in where none is named
	named int            // how many parameters named the person
	alone bool           // the total is asked for, and no match

	subset disclosure.Subset
}

// parseSearch turns the parameters of one search into an ask, or says which one
// is wrong. It never repeats a value.
func (f *Front) parseSearch(typ string, pairs []pair, handling leniency) (road.SearchAsk, disclosure.Subset, *road.Fault) {
	if len(pairs) > maxParams {
		return road.SearchAsk{}, disclosure.Subset{}, road.Refuse(http.StatusBadRequest, "too-costly", texts.BadRequest)
	}
	q := query{typ: typ, ask: road.SearchAsk{Count: defaultCount}, shown: url.Values{}}
	for _, p := range pairs {
		if isPageParam(p.name) && p.name != "_include" && slices.Contains(q.ask.Names, p.name) {
			return q.ask, q.subset, road.BadRequest
		}
		fault := f.add(&q, p)
		if fault != nil && handling == lenient && ignorable(p.name, fault) {
			continue
		}
		if fault != nil {
			return q.ask, q.subset, fault
		}
		q.ask.Names = append(q.ask.Names, p.name)
	}
	if q.ask.Cursor != "" && slices.ContainsFunc(q.ask.Names, besideCursor) || q.named > 1 {
		return q.ask, q.subset, road.BadRequest
	}
	if q.ask.Cursor == "" && profiles.DirectoryType(typ) && !slices.ContainsFunc(q.ask.Params, names) {
		return q.ask, q.subset, wrongValue("_id", "_id=..., identifier=system|code")
	}
	if q.named == 0 {
		q.ask.Person = q.own
	}
	if q.alone { // whatever else is said of the page
		q.totalAlone()
	}
	q.ask.Shown = q.shown.Encode()
	return q.ask, q.subset, nil
}

// add reads one parameter: those that shape the page, those that name the
// person, and the filters of the type.
func (f *Front) add(q *query, p pair) *road.Fault {
	switch p.name {
	case "_cursor":
		q.ask.Cursor = p.value
		return nil
	case "_include":
		return q.include(p)
	case "_total":
		return q.total(p)
	case "_totalMethod":
		if p.value != "count" {
			return wrongValue(p.name, "count")
		}
		q.ask.Total = road.Accurate
		return nil
	case "_count":
		return q.count(p)
	case "_summary", "_elements":
		return q.part(p)
	case "_sort":
		keys, err := search.ParseSort(q.typ, p.value)
		if err != nil {
			return parameterFault(err)
		}
		q.ask.Sort = keys
		q.shown.Add(p.name, p.value)
		return nil
	}
	param, err := search.Parse(q.typ, p.name, relative(p.value, f.Road.Base))
	if err != nil {
		return parameterFault(err)
	}
	if key, ok := personKey(q.typ, param); ok {
		if fault := f.matchesNobody(p.name, param); fault != nil {
			return fault
		}
		q.ask.Person = key
		q.named++
		if key.System == profiles.SystemNHSNumber || param.Name != "identifier" {
			return nil // the person is the filter
		}
	}
	if key, ok := ownKey(q.typ, param); ok && q.named == 0 {
		q.own = key
	}
	q.ask.Params = append(q.ask.Params, param)
	if showable(param) {
		q.shown.Add(p.name, p.value)
	}
	if q.typ == "CarePlan" && asksForCrisis(param) {
		q.ask.Crisis = road.CrisisRead
	}
	return nil
}

// relative takes the gateway's own address off references: Base/Patient/x is Patient/x.
func relative(value, base string) string {
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimPrefix(parts[i], base+"/")
	}
	return strings.Join(parts, ",")
}

func (q *query) count(p pair) *road.Fault {
	n, err := strconv.Atoi(p.value)
	if err != nil || n < 0 {
		return wrongValue(p.name, "0-"+strconv.Itoa(maxCount))
	}
	q.ask.Count = min(n, maxCount)
	if n == 0 {
		q.totalAlone()
	}
	q.shown.Set(p.name, strconv.Itoa(q.ask.Count))
	return nil
}

// totalAlone asks for the number of matches, and none of them.
func (q *query) totalAlone() {
	q.ask.Count, q.ask.Total, q.alone = 0, road.Accurate, true
}

// include reads what is given beside the matches.
func (q *query) include(p pair) *road.Fault {
	i, err := search.ParseInclude(q.typ, p.value)
	if err != nil {
		return parameterFault(err)
	}
	q.ask.Include = append(q.ask.Include, i)
	q.shown.Add(p.name, p.value)
	return nil
}

// total reads whether the number of matches is told.
func (q *query) total(p pair) *road.Fault {
	switch p.value {
	case "none":
	case "estimate", "accurate":
		q.ask.Total = road.Accurate
	default:
		return wrongValue(p.name, "none, estimate, accurate")
	}
	q.shown.Set(p.name, p.value)
	return nil
}

// part reads which part of each match is given.
func (q *query) part(p pair) *road.Fault {
	q.shown.Set(p.name, p.value)
	if p.name == "_summary" && p.value == "count" {
		q.totalAlone()
		return nil
	}
	return readSubset(&q.subset, q.typ, p)
}

// ignorable says whether lenient handling may pass a parameter over: never one
// of the ways around a closed list (docs/leak-channels.md, 1 to 5).
func ignorable(name string, fault *road.Fault) bool {
	return fault.Text == texts.UnknownParameter && !strings.HasPrefix(name, "_") && !strings.ContainsAny(name, ":.")
}

// showable says whether a filter may stand in a self link: never an identifier.
func showable(p search.Param) bool {
	return p.Kind != search.Reference && p.Kind != search.ID && p.Name != "identifier"
}

// shaping is a parameter that shapes the answer, as the CapabilityStatement tells it.
type shaping struct {
	name, doc string
	typ       fhir.SearchParamType
}

// pageParams are the parameters that shape a page. One may stand once, since several
// would leave open which of them was used; but for _include, all of which are.
var pageParams = append([]shaping{
	{"_count", "how many matches a page holds, 1 to " + strconv.Itoa(maxCount) + "; 0 for the total alone", fhir.SearchParamTypeNumber},
	{"_cursor", "the place where the next page begins: as a next link has it, and nothing beside it", fhir.SearchParamTypeString},
	{"_include", "TYPE:PARAMETER, what the matches refer to by a reference that can be searched by, as far as it may be seen", fhir.SearchParamTypeString},
	{"_sort", "the order: _id, _lastUpdated and the dates of the type, with a minus sign for the latest first", fhir.SearchParamTypeString},
	{"_total", "accurate or estimate: how many matches may be seen, which is always counted; none, and by default: not told", fhir.SearchParamTypeToken},
	{"_totalMethod", "count: the same as an accurate _total, as the client fhirpy asks for it", fhir.SearchParamTypeToken},
}, partParams...)

func isPageParam(name string) bool {
	return slices.ContainsFunc(pageParams, func(p shaping) bool { return p.name == name })
}

// besideCursor says whether a parameter may not stand beside a cursor, which
// holds the whole search.
func besideCursor(name string) bool { return name != "_cursor" }

// names says whether a filter names what it looks for: a directory is looked up
// in, and never listed.
func names(p search.Param) bool {
	return !showable(p) && !slices.ContainsFunc(p.Values, func(v search.Operand) bool { return v.AnyCode })
}

func asksForCrisis(p search.Param) bool {
	return p.Name == "category" && slices.ContainsFunc(p.Values, func(v search.Operand) bool { return v.Code == profiles.CodeCrisisPlan })
}

func wrongValue(name, allowed string) *road.Fault {
	return road.Refuse(http.StatusBadRequest, "value", texts.ParameterValue, name, allowed)
}

// parameterFault puts what is said of a parameter into an answer. Where the known
// ones are named, those that shape the answer are among them.
func parameterFault(err error) *road.Fault {
	var wrong *search.Error
	if !errors.As(err, &wrong) {
		return road.BadRequest
	}
	if wrong.Code == texts.UnknownParameter {
		known := append(slices.Clone(wrong.Allowed), formParams...)
		for _, p := range pageParams {
			known = append(known, p.name)
		}
		slices.Sort(known)
		wrong.Allowed = known
	}
	return road.Refuse(http.StatusBadRequest, "value", wrong.Code, wrong.Args()...)
}
