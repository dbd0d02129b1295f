package profiles

import "strings"

// CodeSystems are the code systems of this project, in the order of vocabulary.txt.
func CodeSystems() []CodeSystem {
	var local []CodeSystem
	for _, system := range vocabulary().systems {
		if strings.HasPrefix(system.URL, localSystem) {
			local = append(local, system)
		}
	}
	return local
}
