package tasks

import (
	"errors"
	"slices"

	"cpagateway/profiles/fhir"
	"cpagateway/profiles/merge"
)

// ErrMoved refuses to put what a source sent in the place of what stood when the Task was
// raised: that does not stand any more.
var ErrMoved = errors.New("the part has changed since the Task was raised")

// answering are the members of a Task by which it is answered, and nothing else of it.
var answering = []string{"status", "statusReason"}

// Chosen is what an edit of a Task answers, Completed or Rejected. It is none where the Task
// was answered before, where the edit says no reason, or says more than an answer.
func Chosen(before, after fhir.Value, edits []merge.Edit) (status string, ok bool) {
	status = after.Get("status").Text()
	reason := after.Get("statusReason")
	ok = before.Get("status").Is(Requested) && (status == Completed || status == Rejected) &&
		(reason.Get("text").Text() != "" || reason.Find("coding", "code").Text() != "") &&
		!slices.ContainsFunc(edits, func(e merge.Edit) bool { return !slices.Contains(answering, e.Member) })
	return status, ok
}

// Brings reports whether a Task brings what a source sent, which its completion puts into
// the record.
func Brings(task fhir.Value) bool { return SourceOf(task) != "" }

// Carry puts what the source sent into the record, in the place of what stands.
func Carry(task, record fhir.Value) (merge.Merged, error) {
	excerpts := map[string]fhir.Value{}
	for one := range task.Get("contained").Each() {
		excerpts[one.ID()] = one
	}
	made, err := merge.Merge(excerpts[stands], excerpts[sent], merge.View{Content: record}, record, "resourceType", "id")
	if err != nil || len(made.Clashes) > 0 {
		return made, errors.Join(ErrMoved, err)
	}
	return made, nil
}

// SourceOf is the source whose words a Task is about.
func SourceOf(task fhir.Value) string { return task.Find("meta", "source").Text() }
