package profiles_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/profiles"
)

func TestNHSNumber(t *testing.T) {
	const (
		character   = profiles.NHSNumberCharacter
		length      = profiles.NHSNumberLength
		placeholder = profiles.NHSNumberPlaceholder
		check       = profiles.NHSNumberCheck
	)
	for _, tt := range []struct {
		name, text, normal string
		fault              profiles.NHSNumberFault
		position           int
	}{
		{"digits", "9990000018", "9990000018", 0, 0},
		{"as printed", "999 000 0026", "9990000026", 0, 0},
		{"hyphens", "999-000-0034", "9990000034", 0, 0},
		{"blanks around", "  9990000042 ", "9990000042", 0, 0},
		{"remainder 0 gives check digit 0", "9990000190", "9990000190", 0, 0},
		{"wrong check digit", "9990000019", "9990000019", check, 10},
		{"two digits swapped", "9990000108", "9990000108", check, 10},
		{"result 10 is never issued", "9990000000", "9990000000", check, 10},
		{"placeholder nought", "000 000 0000", "", placeholder, 10},
		{"placeholder nine", "9999999999", "", placeholder, 10},
		{"nine digits", "999000001", "", length, 9},
		{"eleven digits", "99900000180", "", length, 11},
		{"nothing", "", "", length, 0},
		{"a letter for a nought", "999O000018", "", character, 4},
		{"tab", "9990000018\t", "", character, 11},
		{"no-break space", "999\u00a0000 0018", "", character, 4},
		{"Arabic-Indic digits", "٩٩٩٠٠٠٠٠١٨", "", character, 1},
		{"full-width digits", "99９0000018", "", character, 3},
		{"en dash", "999–000–0018", "", character, 4},
		{"sign", "+9990000018", "", character, 1},
		{"invalid UTF-8", "999\xff000018", "", character, 4},

		// Published by NHS Wales as examples; all three fail modulus 11.
		{"Wales, published 1", "1192335566", "1192335566", check, 10},
		{"Wales, published 2", "9912003444", "9912003444", check, 10},
		{"Wales, published 3", "3795624165", "3795624165", check, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			normal, err := profiles.NHSNumber(tt.text)
			if normal != tt.normal {
				t.Errorf("normal form %q, want %q", normal, tt.normal)
			}
			if tt.fault == 0 {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var fault *profiles.NHSNumberError
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want a *NHSNumberError", err)
			}
			if fault.Kind != tt.fault || fault.Position != tt.position {
				t.Errorf("fault %d at %d, want %d at %d", fault.Kind, fault.Position, tt.fault, tt.position)
			}
			if tt.text != "" && strings.Contains(err.Error(), tt.text) {
				t.Errorf("the error repeats the number: %v", err)
			}
		})
	}
}

// TestNHSNumberCatchesSlips: modulus 11 catches every change of one digit and
// every swap of two neighbours.
func TestNHSNumberCatchesSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := []byte(rapid.StringMatching(`[0-9]{9}`).Draw(t, "first nine") + "0")
		for ; digits[9] <= '9'; digits[9]++ {
			if _, err := profiles.NHSNumber(string(digits)); err == nil {
				break
			}
		}
		if digits[9] > '9' {
			return // one in eleven, for which no check digit exists, and the placeholders
		}
		slip := append([]byte(nil), digits...)
		at := rapid.IntRange(0, 8).Draw(t, "at")
		if rapid.Bool().Draw(t, "swap") {
			slip[at], slip[at+1] = slip[at+1], slip[at]
		} else {
			slip[at] = '0' + (slip[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		_, err := profiles.NHSNumber(string(slip))
		if same := string(slip) == string(digits); (err == nil) != same {
			t.Fatalf("slip at %d of %s: %v", at, digits, err)
		}
	})
}

func FuzzNHSNumber(f *testing.F) {
	for _, s := range []string{"9990000018", "999 000 0026", "1192335566", "", "999O000018", "\xff", "- - -"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, err := profiles.NHSNumber(text)
		if err != nil && normal == "" {
			return
		}
		if len(normal) != 10 || strings.Trim(normal, "0123456789") != "" {
			t.Fatalf("normal form %q of %q", normal, text)
		}
		if strings.NewReplacer(" ", "", "-", "").Replace(text) != normal {
			t.Fatalf("%q became another number, %q", text, normal)
		}
		again, errAgain := profiles.NHSNumber(normal)
		if again != normal || (err == nil) != (errAgain == nil) {
			t.Fatalf("%q is not stable: %q, %v then %v", normal, again, err, errAgain)
		}
	})
}
