package search

import (
	"slices"
	"strings"

	"cpagateway/gateway/texts"
)

// ParseSort reads the value of _sort: keys set apart by commas, a hyphen before
// one for descending. Only dates and what the store orders by itself are keys:
// the order of anything else would tell of it. The error is a *Error.
func ParseSort(typ, raw string) ([]SortKey, error) {
	var keys []SortKey
	var sortable []string
	for _, p := range Definitions(typ) {
		if p.Sortable {
			sortable = append(sortable, p.Name)
		}
	}
	for name := range strings.SplitSeq(raw, ",") {
		name, descending := strings.CutPrefix(name, "-")
		twice := slices.ContainsFunc(keys, func(k SortKey) bool { return k.Param == name })
		if twice || !slices.Contains(sortable, name) {
			return nil, &Error{Param: "_sort", Code: texts.UnknownSort, Allowed: sortable}
		}
		keys = append(keys, SortKey{Param: name, Descending: Order(descending)})
	}
	return keys, nil
}
