package folder

import (
	"embed"
	"io/fs"
)

//go:embed support-plan/*.map support-plan/*.schema.json cld/*.map cld/*.overlay
var shipped embed.FS

// SupportPlan is the Welsh care and support plan (Social Services and Well-being
// (Wales) Act 2014 s.54), as docs/care-and-support-plan.md describes its documents.
func SupportPlan() (*Format, error) { return open("support-plan", "") }

// Release is one of the layouts of Client Level Data.
type Release string

// The releases, by their overlays.
const (
	Release2 Release = ""
	Release1 Release = "r1"
)

// ClientLevelData is the return of adult social care in England, as docs/cld.md
// describes it.
func ClientLevelData(release Release) (*Format, error) { return open("cld", string(release)) }

func open(name, version string) (*Format, error) {
	maps, err := fs.Sub(shipped, name)
	if err != nil {
		return nil, err
	}
	return New(maps, version)
}
