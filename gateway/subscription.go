package gateway

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	samply "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"cpagateway/gateway/road"
	"cpagateway/gateway/subscriptions"
	"cpagateway/profiles"
)

// subscribed are the interactions on a caller's own subscriptions.
var subscribed = []road.Interaction{road.Read, road.Search, road.Create, road.Update, road.Delete, road.Status, road.Events}

// subscriptionParams are the parameters that they can be searched by.
var subscriptionParams = []shaping{
	{"criteria", "the canonical URL of the topic", samply.SearchParamTypeString},
	{"status", "requested, active, error, off", samply.SearchParamTypeToken},
	{"type", "rest-hook", samply.SearchParamTypeToken},
	{"url", "the endpoint", samply.SearchParamTypeUri},
}

// operations are those of the Subscriptions R5 Backport 1.1.0 and of R4 itself.
var operations = map[road.Interaction]string{
	road.BreakGlass: profiles.Base + "/OperationDefinition/break-glass",
	road.Transform:  "http://hl7.org/fhir/OperationDefinition/StructureMap-transform",
	road.Status:     "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status",
	road.Events:     "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events",
}

// operation writes an operation of the allow-list.
func operation(i road.Interaction) samply.CapabilityStatementRestResourceOperation {
	return samply.CapabilityStatementRestResourceOperation{Name: strings.TrimPrefix(string(i), "$"), Definition: operations[i]}
}

// The parameters of $events: the numbers of the first and the last event that are asked for.
const (
	eventsSince = "eventsSinceNumber"
	eventsUntil = "eventsUntilNumber"
)

// readSubscription reads a request about the caller's subscriptions.
func readSubscription(in incoming, pairs []pair, ask *road.Ask) (fault *road.Fault) {
	switch in.interaction {
	case road.Search:
		ask.Own.Filters, fault = filters(pairs)
		return fault
	case road.Events:
		return eventNumbers(pairs, &ask.Own)
	}
	if len(pairs) > 0 {
		return noParameters
	}
	switch in.interaction {
	case road.Create, road.Update, road.Delete:
		ask.Write.Match, fault = ifMatch(in.match)
	default:
		return nil
	}
	if fault != nil || in.interaction == road.Delete {
		return fault
	}
	resource, fault := in.resource()
	if fault != nil {
		return fault
	}
	if resource.Type() != ask.Type || in.interaction == road.Update && resource.ID() != ask.ID {
		return wrongTarget
	}
	var wrong []subscriptions.Issue
	ask.Own.Asked, wrong = subscriptions.Read(resource)
	return road.NotSubscribed(wrong)
}

// operationParameters reads the Parameters that are posted to an operation: each with a
// simple value. An empty body is one without any.
func operationParameters(w http.ResponseWriter, r *http.Request) (pairs []pair, fault *road.Fault) {
	body := bufio.NewReader(r.Body)
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		return nil, nil
	}
	r.Body = io.NopCloser(body)
	resource, fault := writtenResource(w, r)
	if fault != nil {
		return nil, fault
	}
	if resource.Type() != "Parameters" {
		return nil, wrongTarget
	}
	for p := range resource.Get("parameter").Each() {
		one := pair{name: p.Get("name").Text()}
		for name, member := range p.Members() {
			if strings.HasPrefix(name, "value") {
				one.value = strings.Trim(string(member.Raw()), `"`)
			}
		}
		pairs = append(pairs, one)
	}
	return pairs, nil
}

func filters(pairs []pair) (list []subscriptions.Filter, fault *road.Fault) {
	for _, p := range pairs {
		if !slices.Contains(subscriptions.FilterNames(), p.name) {
			return nil, unknownParameter(p.name, subscriptions.FilterNames()...)
		}
		list = append(list, subscriptions.Filter{Name: p.name, Values: strings.Split(p.value, ",")})
	}
	return list, nil
}

func eventNumbers(pairs []pair, own *road.SubscriptionAsk) *road.Fault {
	for _, p := range pairs {
		number, err := strconv.ParseUint(p.value, 10, 63)
		switch {
		case p.name != eventsSince && p.name != eventsUntil:
			return unknownParameter(p.name, eventsSince, eventsUntil)
		case err != nil:
			return wrongValue(p.name, "a number")
		case p.name == eventsSince:
			own.Since = number
		default:
			own.Until = number
		}
	}
	return nil
}
