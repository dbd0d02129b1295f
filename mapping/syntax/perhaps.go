package syntax

import (
	"slices"
	"strings"
)

// Perhaps tells which of some names may have been meant by another: the one that differs in
// the fewest letters, where these are few, or else some that hold it.
func Perhaps(wrong string, names []string) string {
	best, fewest := "", min((len(wrong)+1)/3, 2)+1
	for _, name := range names {
		if n := distance(strings.ToLower(wrong), strings.ToLower(name)); n < fewest {
			best, fewest = name, n
		}
	}
	if best != "" {
		return ": perhaps " + best
	}
	longer := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return len(wrong) < 3 || !strings.Contains(strings.ToLower(name), strings.ToLower(wrong))
	})
	if len(longer) == 0 {
		return ""
	}
	return ": perhaps " + strings.Join(longer[:min(len(longer), 5)], " or ")
}

// distance is how many letters have to be put in, taken out or changed to make b of a. Of
// texts that are longer than any name it is the length.
func distance(a, b string) int {
	if len(a) > maxName || len(b) > maxName {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], slices.Min([]int{change, row[j] + 1, row[j+1] + 1})
		}
	}
	return row[len(b)]
}

// maxName is how long a name may be for others like it to be looked for.
const maxName = 100
