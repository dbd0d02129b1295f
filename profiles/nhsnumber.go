package profiles

import (
	"bytes"
	"fmt"
)

// NHSNumberFault is what is wrong with an NHS number.
type NHSNumberFault uint8

// The faults of an NHS number.
const (
	NHSNumberCharacter   NHSNumberFault = iota + 1 // something other than a digit, blank or hyphen
	NHSNumberLength                                // not ten digits
	NHSNumberPlaceholder                           // one digit ten times: stands for "not known"
	NHSNumberCheck                                 // the check digit does not match the other nine
)

// NHSNumberError says what is wrong and where, never the number itself.
type NHSNumberError struct {
	Kind     NHSNumberFault
	Position int // of the character (NHSNumberCharacter), the number of digits (NHSNumberLength), or 10
}

// Error says what is wrong and where, without the number.
func (e *NHSNumberError) Error() string {
	switch e.Kind {
	case NHSNumberCharacter:
		return fmt.Sprintf("NHS number: position %d holds something other than a digit, a blank or a hyphen", e.Position)
	case NHSNumberLength:
		return fmt.Sprintf("NHS number: %d digits instead of ten", e.Position)
	case NHSNumberPlaceholder:
		return "NHS number: one digit ten times stands for \"not known\", and is nobody's"
	default:
		return "NHS number: digit 10, the check digit, does not match the other nine"
	}
}

// NHSNumber reads an NHS number as people write it and gives its normal form,
// ten digits. Blanks and hyphens are dropped wherever they stand; anything else,
// digits of other scripts included, is refused. So is one digit ten times: it
// passes modulus 11, systems write it for "not known", and it would make all of
// those people one.
//
// Wales's own published examples fail the check digit, and whether such a number
// is refused or only reported is a matter of configuration: for that fault alone
// the normal form is returned together with the error.
func NHSNumber(text string) (normal string, err error) {
	digits := make([]byte, 0, 10)
	position := 0
	for _, c := range text {
		position++
		switch {
		case c == ' ' || c == '-':
		case c < '0' || c > '9':
			return "", &NHSNumberError{Kind: NHSNumberCharacter, Position: position}
		default:
			digits = append(digits, byte(c))
		}
	}
	if len(digits) != 10 {
		return "", &NHSNumberError{Kind: NHSNumberLength, Position: len(digits)}
	}
	if bytes.Count(digits, digits[:1]) == 10 {
		return "", &NHSNumberError{Kind: NHSNumberPlaceholder, Position: 10}
	}
	if !checkDigit(digits) {
		return string(digits), &NHSNumberError{Kind: NHSNumberCheck, Position: 10}
	}
	return string(digits), nil
}

// checkDigit is modulus 11 over ten ASCII digits: weights 10 to 2 over the first
// nine, the check digit is 11 minus the remainder, 11 counting as 0. A result of
// 10 has no digit, so such a number is never issued.
func checkDigit(digits []byte) bool {
	sum := 0
	for i, c := range digits[:9] {
		sum += (10 - i) * int(c-'0')
	}
	want := (11 - sum%11) % 11
	return want == int(digits[9]-'0')
}
