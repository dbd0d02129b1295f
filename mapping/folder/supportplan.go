package folder

import (
	"embed"
	"io/fs"
)

//go:embed support-plan/*.map
var supportPlan embed.FS

// SupportPlan is the Welsh care and support plan (Social Services and Well-being
// (Wales) Act 2014 s.54), as docs/care-and-support-plan.md describes its documents.
func SupportPlan() (*Format, error) {
	maps, err := fs.Sub(supportPlan, "support-plan")
	if err != nil {
		return nil, err
	}
	return New(maps)
}
