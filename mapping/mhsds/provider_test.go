package mhsds

import (
	"testing"
	"testing/fstest"
)

func TestProviderIsTheHeadersWord(t *testing.T) {
	f, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	header := "DatSetVer,OrgIDProvider\n6.0, RX4 \n"
	cases := []struct {
		name, file, text, want string
	}{
		{"the header", "MHS000Header.csv", header, "RX4"},
		{"the short name, in small letters", "mhs000.csv", header, "RX4"},
		{"two headers", "MHS000.csv", header + "6.0,RX5\n", ""},
		{"no header", "MHS001.csv", "LocalPatientID\n1\n", ""},
		{"no CSV", "MHS000.csv", "\x00", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := f.Provider(fstest.MapFS{c.file: {Data: []byte(c.text)}}); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := f.ProviderOfFragment([]byte("no fragment")); got != "" {
		t.Errorf("something that is no fragment names %q", got)
	}
}
