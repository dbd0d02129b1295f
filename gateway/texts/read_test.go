package texts

import (
	"strings"
	"testing"
)

// TestTextsRefuseSlips: the slips that an editor of the catalogue makes are
// errors, not texts that silently go missing.
func TestTextsRefuseSlips(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       string // part of the error; empty where the catalogue is sound
	}{
		{"texts", "# note\nkey\nen: A\ncy?: B\n\nother\nen: A\ncy: B\n", ""},
		{"text without Welsh", "key\nen: A\n", "2 lines"},
		{"texts without a line between", "key\nen: A\ncy: B\nother\nen: A\ncy: B\n", "6 lines"},
		{"Welsh first", "key\ncy: B\nen: A\n", "want one en: line"},
		{"text twice", "key\nen: A\ncy: B\n\nkey\nen: A\ncy: B\n", "once"},
		{"mark misspelt", "key\nen: A\ncy ?: B\n", "cy?: line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readTexts(tt.file)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
