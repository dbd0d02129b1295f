package fhir

// Text is a string's text unescaped, "" where v is no string.
func (v Value) Text() string {
	if v.Kind() != String {
		return ""
	}
	return v.doc.text(v.node())
}

// Is reports whether v is a string with this text.
func (v Value) Is(text string) bool {
	if v.Kind() != String {
		return false
	}
	if n := v.node(); !n.textEscapes {
		return string(v.doc.src[n.start+1:n.end-1]) == text
	}
	return v.Text() == text
}

// Bool is true only for the JSON value true.
func (v Value) Bool() bool { return v.Kind() == Bool && v.Raw()[0] == 't' }

// Raw is the value's own bytes in the document, nil where v is Absent. Do not
// modify them.
func (v Value) Raw() []byte {
	if v.doc == nil {
		return nil
	}
	n := v.node()
	return v.doc.src[n.start:n.end:n.end]
}

// Path is where v stands in its document, in the form of an OperationOutcome's
// expression: CarePlan.activity[2].detail.status. It begins with the document's
// resourceType, "$" where that is none of R4's, and a name that is no
// identifier appears as "?": a path holds no text that could be a person's.
// It is "" where v is Absent.
func (v Value) Path() string {
	if v.doc == nil {
		return ""
	}
	return v.doc.path(v.i)
}

// Offset is the byte of the document, from 0, where v begins; -1 where v is
// Absent.
func (v Value) Offset() int {
	if v.doc == nil {
		return -1
	}
	return int(v.node().start)
}

// Type is the resourceType, "" where there is none.
func (v Value) Type() string { return v.Get("resourceType").Text() }

// ID is the resource's or element's id, "" where there is none.
func (v Value) ID() string { return v.Get("id").Text() }
