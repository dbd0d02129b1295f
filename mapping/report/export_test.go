package report

import "cpagateway/mapping"

// Program is the maps.
func (r *Report) Program() *mapping.Program { return r.program }
