package profiles_test

import (
	"testing"

	"cpagateway/gateway/texts"
	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// Languages coded by the list of the UK alone had no code that R4 knows.
func TestLanguagesHaveTheirTagAndTheirName(t *testing.T) {
	for _, c := range []struct{ system, code, tag, english, welsh string }{
		{profiles.SystemLanguage, "cy", "cy", "Welsh", "Cymraeg"},
		{profiles.SystemUKLanguage, "cy", "cy", "Welsh", "Cymraeg"},
		{profiles.SystemUKLanguage, "so", "so", "Somali", "Somaleg"},
		{profiles.SystemUKLanguage, "q4", "bfi", "British Sign Language", "Iaith Arwyddion Prydain"},
		{profiles.SystemUKLanguage, "q5", "", "", ""},
		{"urn:elsewhere", "cy", "", "", ""},
		{profiles.SystemLanguage, "not a tag", "not a tag", "", ""},
	} {
		coding, err := fhir.Parse([]byte(`{"system":"` + c.system + `","code":"` + c.code + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		tag := profiles.LanguageTag(coding)
		if name := profiles.LanguageName(tag); tag != c.tag || name != (texts.Wording{English: c.english, Welsh: c.welsh}) {
			t.Errorf("%s %s: %q %+v", c.system, c.code, tag, name)
		}
	}
}
