package agreements

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestAgreementPageLoads: the agreement shown in docs/agreements.md is a good one.
func TestAgreementPageLoads(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "agreements.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d agreements shown, want 1", len(blocks))
	}
	if _, err := load(t, map[string]string{"shown.yaml": blocks[0][1]}); err != nil {
		t.Error(err)
	}
	if err := schemaSays(t, blocks[0][1]); err != nil {
		t.Error(err)
	}
}
