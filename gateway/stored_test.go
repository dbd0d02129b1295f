package gateway_test

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"testing"

	"cpagateway/gateway/cache"
)

// However little the memory keeps, and whatever of it is lost, the answers are the same.
func TestAMemoryThatLosesThingsAnswersTheSame(t *testing.T) {
	s := openStandUsing(t, keeping)
	want := s.get("gp", crisisPath()).body
	for size := uint64(0); size < 24000; size += 250 {
		s.road.Records = cache.New(s.reader, size)
		for range 3 {
			if a := s.get("gp", crisisPath()); a.status != http.StatusOK || a.body != want {
				t.Fatalf("with %d bytes: answered %d %.200s", size, a.status, a.body)
			}
		}
	}
}

// A stored version that cannot be read is a fault, and not "nothing".
func TestAGarbledVersionIsAFault(t *testing.T) {
	inEveryMemory(t, func(t *testing.T, s *stand) {
		wholeAnswer(t, s)
		plan := "/CarePlan/" + s.get("gp", crisisPath()).ids(t)[0]
		s.reader.instead = func([]byte) []byte { return []byte("{") }
		for _, path := range []string{plan, crisisPath(), crisisPath() + "&_count=0"} {
			s.memory.Clear()
			holdsBack(t, s.get("gp", path), http.StatusInternalServerError)
		}
		s.verified()
	})
}

// A version that is found and may not be copied, for what changes its meaning, is not
// there: in a read, a search and a total.
func TestAVersionThatIsWithheldIsNotThere(t *testing.T) {
	s := openStand(t)
	all := s.get("cmht", "/Goal?"+about(ann)).ids(t)
	s.reader.instead = func(body []byte) []byte {
		if bytes.Contains(body, []byte(`"id":"`+all[1]+`"`)) {
			return bytes.Replace(body, []byte("{"), []byte(`{"modifierExtension":[{"url":"http://example.org/not"}],`), 1)
		}
		return body
	}
	s.memory.Clear()
	a := s.get("cmht", "/Goal?"+about(ann)+"&_total=accurate")
	if total, _ := a.total(t); total != len(all)-1 || !slices.Equal(a.ids(t), slices.Delete(slices.Clone(all), 1, 2)) {
		t.Errorf("a total of %d, and %v of %v", total, a.ids(t), all)
	}
	if a := s.get("cmht", "/Goal/"+all[1]); a.status != http.StatusNotFound {
		t.Errorf("its read: %d", a.status)
	}
}

// Answers are put together where others were before, at once and in turn: none holds
// anything of another.
func TestAnswersAtOnceAreEachTheirOwn(t *testing.T) {
	s := openStandUsing(t, keeping)
	paths := []string{crisisPath(), "/CarePlan?" + about(bryn), "/Goal?" + about(ann), "/CareTeam?" + about(ann) + "&_pretty=true"}
	want := make([]string, len(paths))
	for i, path := range paths {
		if want[i] = s.get("cmht", path).body; slices.Contains(want[:i], want[i]) {
			t.Fatalf("%s is answered like another: the test could not fail", path)
		}
	}
	var all sync.WaitGroup
	for asker := range 6 {
		all.Go(func() {
			for n := range 30 {
				i := (asker + n) % len(paths)
				if a := s.get("cmht", paths[i]); a.body != want[i] {
					t.Errorf("%s: answered %d %.300s", paths[i], a.status, a.body)
				}
			}
		})
	}
	all.Wait()
}
