package profiles_test

import (
	"strings"
	"testing"

	"cpagateway/profiles"
)

// TestConstantsAreTheConstants holds what is read from the source to what is compiled.
func TestConstantsAreTheConstants(t *testing.T) {
	constants := profiles.Constants()
	for name, want := range map[string]string{
		"Base": profiles.Base, "SystemSNOMED": profiles.SystemSNOMED, "SystemArea": profiles.SystemArea, "ExtPlanPart": profiles.ExtPlanPart,
		"CodeNormal": profiles.CodeNormal, "CodeAreaFinance": profiles.CodeAreaFinance, "CodeFlagParentalResponsibility": profiles.CodeFlagParentalResponsibility,
	} {
		if constants[name] != want {
			t.Errorf("%s is read as %q and is %q", name, constants[name], want)
		}
	}
	for name, value := range constants {
		if value == "" || strings.ToUpper(name[:1]) != name[:1] {
			t.Errorf("%s is %q", name, value)
		}
	}
	if len(constants) < 180 {
		t.Errorf("only %d constants", len(constants))
	}
}
