package fhir

func digit(c byte) bool { return '0' <= c && c <= '9' }

// number reads a number: an optional minus, digits without a leading zero, an
// optional fraction, an optional exponent (RFC 8259 section 6). Only its form
// matters; FHIR's decimals mean what is written, 1.10 is not 1.1.
func (p *parser) number() string {
	p.skip("-")
	if p.peek() == '0' {
		p.pos++
	} else if !p.digits() {
		return p.unexpected(badNumber)
	}
	if p.skip(".") && !p.digits() {
		return p.unexpected(badNumber)
	}
	if p.skip("eE") {
		p.skip("+-")
		if !p.digits() {
			return p.unexpected(badNumber)
		}
	}
	if digit(p.peek()) { // it began with a zero
		return badNumber
	}
	return fine
}

// skip reads one byte if it is one of these.
func (p *parser) skip(these string) bool {
	for i := range len(these) {
		if p.peek() == these[i] {
			p.pos++
			return true
		}
	}
	return false
}

// digits reads one digit or more.
func (p *parser) digits() bool {
	start := p.pos
	for digit(p.peek()) {
		p.pos++
	}
	return p.pos > start
}
