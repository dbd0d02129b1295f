package disclosure

import (
	"slices"

	"cpagateway/profiles"
	"cpagateway/profiles/fhir"
)

// spoken copies what a person speaks: the words as they were written, and the
// codings by their BCP 47 tags, which R4 requires. What has no tag is told in words.
func spoken(dst []byte, concept fhir.Value) ([]byte, bool) {
	var tags []string
	words := concept.Get("text").Text()
	for coding := range concept.Get("coding").Each() {
		if tag := profiles.LanguageTag(coding); tag != "" && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	if words == "" && len(tags) == 0 {
		said := conceptWords(concept)
		if said == notInWords {
			return dst, false
		}
		words = said.English
	}
	w := fhir.NewWriter(dst)
	w.Object(func() {
		if len(tags) > 0 {
			w.Name("coding").Array(func() {
				for _, tag := range tags {
					w.Object(func() {
						w.Member("system", profiles.SystemLanguage)
						w.Member("code", tag)
					})
				}
			})
		}
		w.Member("text", words)
	})
	return w.Bytes(), true
}
