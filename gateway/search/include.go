package search

import (
	"slices"
	"strings"

	"cpagateway/gateway/texts"
)

// Includes are the values of _include that a search of a type takes: its references
// to types that can be searched themselves.
func Includes(typ string) []string {
	var values []string
	for _, p := range Definitions(typ) {
		if p.Kind == Reference && slices.ContainsFunc(p.Targets, known) {
			values = append(values, typ+":"+p.Name)
		}
	}
	return values
}

func known(typ string) bool { return len(Definitions(typ)) > 0 }

// ParseInclude reads a value of _include: the type that is searched, a reference
// parameter of it, and perhaps one type that it may lead to. The error is a *Error.
func ParseInclude(typ, raw string) (Include, error) {
	refused := &Error{Param: "_include", Code: texts.ParameterValue, Allowed: Includes(typ)}
	parts := strings.Split(raw, ":")
	if len(parts) < 2 || len(parts) > 3 || !slices.Contains(refused.Allowed, parts[0]+":"+parts[1]) {
		return Include{}, refused
	}
	p, _ := definition(typ, parts[1])
	types := slices.DeleteFunc(slices.Clone(p.Targets), func(target string) bool { return !known(target) })
	if len(parts) == 3 {
		if !slices.Contains(types, parts[2]) {
			return Include{}, refused
		}
		types = parts[2:]
	}
	return Include{Paths: p.Paths, Types: types}, nil
}
