package road

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cpagateway/consent/disclosure"
	"cpagateway/profiles"
)

func sealer(t interface{ Fatal(...any) }, secret byte) *Sealer {
	s, err := NewSealer(bytes.Repeat([]byte{secret}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedOpensInItsContextOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		context, other := rapid.String().Draw(t, "context"), rapid.String().Draw(t, "other")
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		s := sealer(t, 1)
		sealed := s.Seal(context, text)
		if got, ok := s.Open(context, sealed); !ok || !bytes.Equal(got, text) {
			t.Fatalf("what was sealed does not open")
		}
		if s.Seal(context, text) != sealed {
			t.Fatal("the same text sealed twice differs")
		}
		if _, ok := s.Open(other, sealed); ok && other != context {
			t.Fatal("it opened in another context")
		}
		if _, ok := sealer(t, 2).Open(context, sealed); ok {
			t.Fatal("it opened with another key")
		}
	})
}

// Where the context ends and the text begins is part of what is sealed: the one cannot
// be moved into the other.
func TestContextAndTextDoNotRunTogether(t *testing.T) {
	s, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(s.iv("ab", []byte("c")), s.iv("a", []byte("bc"))) {
		t.Error("two contexts and texts have one seal")
	}
}

// A sealed text has one form: letters whose last bits say nothing could be changed
// otherwise, and two texts would be one version.
func TestASealedTextHasOneForm(t *testing.T) {
	s, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.Seal("context", []byte("t")) // 17 bytes: the last letter holds six bits, and two count
	others := 0
	for _, letter := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-." {
		other := sealed[:len(sealed)-1] + string(letter)
		if _, ok := s.Open("context", other); ok != (other == sealed) {
			t.Errorf("%q opens: %t", other, ok)
		}
		if a, err := letters.DecodeString(other); err == nil && other != sealed {
			if b, _ := letters.DecodeString(sealed); bytes.Equal(a, b) {
				others++
			}
		}
	}
	if others == 0 {
		t.Error("no other letters stand for the same bytes: the test looks at nothing")
	}
}

func TestNothingForgedOpens(t *testing.T) {
	s := sealer(t, 1)
	sealed := s.Seal("page", []byte("position"))
	for i := range len(sealed) {
		for _, letter := range []byte("abz27A0=!") {
			forged := []byte(sealed)
			if forged[i] == letter {
				continue
			}
			forged[i] = letter
			if _, ok := s.Open("page", string(forged)); ok {
				t.Fatalf("opened with letter %d changed to %q", i, letter)
			}
		}
	}
	for _, forged := range []string{"", "a", sealed[1:], sealed + "a", sealed + sealed} {
		if _, ok := s.Open("page", forged); ok {
			t.Fatalf("opened a forgery of %d letters", len(forged))
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, 1)
	good := s.Seal("page", []byte("position"))
	f.Add("page", good)
	f.Add("version\x00CarePlan\x00a", "x")
	f.Fuzz(func(t *testing.T, context, sealed string) {
		if _, ok := s.Open(context, sealed); ok && (context != "page" || sealed != good) && s.Seal(context, mustOpen(s, context, sealed)) != sealed {
			t.Error("something opened that we did not seal")
		}
	})
}

func mustOpen(s *Sealer, context, sealed string) []byte {
	text, _ := s.Open(context, sealed)
	return text
}

func TestVersionIDsAreIdsAndTellNothing(t *testing.T) {
	s := sealer(t, 1)
	id := regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)
	seen := map[string]bool{}
	for number := range uint64(100) {
		for _, made := range []tag{{number: number}, {number: number, items: profiles.CrisisSlice}, {number: number, digest: disclosure.Digest{1}}} {
			v := s.sealTag("7A4", "CarePlan", "a", made)
			if !id.MatchString(v) || len(v) != 64 || seen[v] {
				t.Fatalf("%v: %q is no id, tells by its length, or comes twice", made, v)
			}
			seen[v] = true
			if got, ok := s.openTag("7A4", "CarePlan", "a", v); !ok || got != made {
				t.Fatalf("%v came back as %v", made, got)
			}
			if _, ok := s.openTag("7A4", "CarePlan", "b", v); ok {
				t.Fatal("the version of one plan opened as that of another")
			}
			if _, ok := s.openTag("LA9A1", "CarePlan", "a", v); ok {
				t.Fatal("the version of one organisation opened for another")
			}
		}
	}
}

// What is sealed for a resource and is no tag opens as none: neither is it read beyond
// its end, nor taken for another.
func TestOnlyATagOpensAsATag(t *testing.T) {
	s, err := NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for size := range 2 * tagSize {
		sealed := s.Seal(tagContext("7A4", "CarePlan", "a"), make([]byte, size))
		if _, ok := s.openTag("7A4", "CarePlan", "a", sealed); ok != (size == tagSize) {
			t.Errorf("%d bytes open: %t", size, ok)
		}
	}
}

func TestAShortSecretIsRefused(t *testing.T) {
	if _, err := NewSealer(make([]byte, 31)); err == nil {
		t.Error("a secret of 31 bytes was taken")
	}
}

// What callers keep of one version of the gateway is good at the next: the seal is the
// same while the secret is.
func TestTheSealStaysTheSame(t *testing.T) {
	if got, want := sealer(t, 1).Seal("context", []byte("text")), "h1oPZf3xiPCghBpqTIwpa13JC8c"; got != want {
		t.Errorf("sealed as %q, was %q: every version and cursor that was given out is void", got, want)
	}
}

// Each kind of what is sealed has contexts of its own.
func TestACursorIsNoVersion(t *testing.T) {
	_, x := pager(t)
	for kind, context := range map[string]string{"page": cursorContext(x), "version": tagContext("7A4", "Goal", "a")} {
		if !strings.HasPrefix(context, kind+"\x00") {
			t.Errorf("%s: sealed for %q", kind, context)
		}
	}
}
