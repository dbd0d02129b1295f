package texts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"cpagateway/gateway/texts"
)

func TestLanguage(t *testing.T) {
	for header, want := range map[string]language.Tag{
		"":                       texts.English,
		"cy":                     texts.Welsh,
		"cy-GB":                  texts.Welsh,
		"CY":                     texts.Welsh,
		"cy, en;q=0.8":           texts.Welsh,
		"en;q=0.8, cy":           texts.Welsh,
		"en-GB, cy;q=0.9":        texts.English,
		"fr, cy;q=0.5":           texts.Welsh,
		"fr":                     texts.English,
		"*":                      texts.English,
		"cy;q=0, en;q=0.1":       texts.English,
		"cy;q=x":                 texts.English,
		"\x00":                   texts.English,
		strings.Repeat("cy-", 9): texts.English,
		"kw, br":                 texts.English,
	} {
		if got := texts.Language(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestTextFallsBack(t *testing.T) {
	if got := texts.CrisisPlan.In(language.French); got != "Crisis plan" {
		t.Errorf("French reads %q", got)
	}
	if got := texts.CrisisPlan.In(language.Make("cy-GB")); got != "Cynllun argyfwng" {
		t.Errorf("Welsh of Britain reads %q", got)
	}
	if got := texts.Key("no.such").In(texts.Welsh, "x"); got != "no.such" {
		t.Errorf("an unknown key reads %q", got)
	}
	crisis := texts.CrisisRead.In(texts.English, "01632 960001")
	if !strings.HasPrefix(crisis, "Nothing shown does not mean that no plan exists.") || !strings.HasSuffix(crisis, "01632 960001.") {
		t.Errorf("the crisis entry reads %q", crisis)
	}
}

func TestDay(t *testing.T) {
	for month := time.January; month <= time.December; month++ {
		day := time.Date(2025, month, 3, 12, 0, 0, 0, time.UTC)
		if got, want := texts.Day(day, texts.English), fmt.Sprintf("3 %v 2025", month); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := texts.Day(time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), texts.Welsh); got != "1 Mawrth 2025" {
		t.Error(got)
	}
}
