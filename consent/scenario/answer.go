package scenario

import (
	"fmt"
	"slices"
	"strings"

	"cpagateway/consent"
	"cpagateway/profiles"
)

// show writes a decision as a scenario expects it.
func show(d consent.Decision, held map[string]profiles.Label, names []string) string {
	var b strings.Builder
	deciding := d.Deciding()
	fmt.Fprintf(&b, "%s: %s\n", d.Outcome(), strings.TrimSpace(deciding.ID+" "+deciding.Code))
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %s: %s\n", name, text)
		}
	}
	var failing, noted []string
	for _, r := range d.Rules() {
		switch {
		case r.ID == deciding.ID || r.Code == "":
		case r.Outcome == consent.Fail:
			failing = append(failing, r.ID+" "+r.Code)
		default:
			noted = append(noted, r.ID+" "+r.Code)
		}
	}
	line("also failing", strings.Join(failing, ", "))
	line("noted", strings.Join(noted, ", "))
	line("items", words(d.Items()))
	if d.Outcome() != consent.Deny {
		line("withheld", words(d.Withheld()))
	}
	line("agreement", d.Agreement().String())
	line("directive", d.Directive())
	var must []string
	for _, o := range d.Obligations() {
		must = append(must, string(o))
	}
	line("obligations", strings.Join(must, ", "))
	if len(names) > 0 {
		line("sees", sees(d, held, names))
	}
	return b.String()
}

// words lists items as an agreement would, with the words for whole sets.
func words(items profiles.ItemSet) string {
	var list []string
	for _, group := range []string{"crisis-slice", "plan.goals"} {
		if whole, err := profiles.ParseItem(group); err == nil && items.Covers(whole) {
			list = append(list, group)
			items = items.Minus(whole)
		}
	}
	return strings.Join(append(list, items.Codes()...), ", ")
}

// sees lists what of the held records the caller gets.
func sees(d consent.Decision, held map[string]profiles.Label, names []string) string {
	var visible []string
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d.Outcome() != consent.Deny && held[name].Within(d.Items()) {
			visible = append(visible, name)
		}
	}
	if len(visible) == 0 {
		return "nothing"
	}
	return strings.Join(visible, ", ")
}
