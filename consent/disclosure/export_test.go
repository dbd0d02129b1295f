package disclosure

import "cpagateway/consent"

// terms, disclose and Of are short forms for the tests.
type terms = Terms

func (t Terms) disclose(h Held, targets map[string]Target, beside ...Copy) Copy {
	return t.Copy(h, targets, beside...)
}

// Of is a copy made and let out by one decision.
func Of(d consent.Decision, h Held, targets map[string]Target, beside ...Copy) Disclosure {
	return TermsOf(d).Copy(h, targets, beside...).Under(d)
}
