package profiles

import (
	"strings"
	"testing"
)

// TestVocabularyRefusesSlips: the slips that an editor of the table makes are
// errors, not words that silently go missing.
func TestVocabularyRefusesSlips(t *testing.T) {
	for _, tt := range []struct {
		name string
		file string
		want string // part of the error; empty where the table is sound
	}{
		{"vocabulary", "Area | A | B ?\n  a | A | B\n", ""},
		{"concept without a system", "  a | A | B\n", "t.txt:1: a code stands before any code system"},
		{"concept without Welsh", "Area | A | B\n  a | A\n", "want code"},
		{"concept twice", "Area | A | B\n  a | A | B\n  a | A | B\n", "t.txt:3: the code is listed twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readVocabulary("t.txt", tt.file)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
