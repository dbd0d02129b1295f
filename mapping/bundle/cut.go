package bundle

import "bytes"

// cut finds the elements of a Bundle's entry array by its brackets and strings
// alone, for a Bundle in which some entry is not JSON that can be read. The shell
// is the Bundle with that array emptied.
//
// The cutter judges nothing: what it cuts is parsed strictly, piece by piece. It
// gives up where brackets do not match, and at a backslash outside a string: that
// is where a lost quote has turned text into structure, and a person's words must
// not become a record.
func cut(src []byte) (shell []byte, entries [][]byte, ok bool) {
	c := cutter{src: src}
	for c.at = 0; c.at < len(src); c.at++ {
		if !c.step(src[c.at]) {
			return nil, nil, false
		}
	}
	if len(c.open) > 0 || c.to == 0 {
		return nil, nil, false
	}
	shell = append(append(shell, src[:c.from]...), src[c.to:]...)
	return shell, c.entries, true
}

type cutter struct {
	src      []byte
	at       int
	open     []byte // brackets that are open
	name     string // the last string directly in the Bundle
	from, to int    // what stands between the brackets of the array; to is 0 until it is closed
	start    int    // of the current element
	entries  [][]byte
}

// inEntries reports whether the cutter stands directly in the entry array.
func (c *cutter) inEntries() bool { return len(c.open) == 2 && c.from > 0 && c.to == 0 }

func (c *cutter) step(b byte) bool {
	switch b {
	case '"':
		return c.skipString()
	case '\\':
		return false
	case '{', '[':
		c.open = append(c.open, b)
		if b == '[' && len(c.open) == 2 && c.open[0] == '{' && c.name == "entry" && c.from == 0 {
			c.from, c.start = c.at+1, c.at+1
		}
	case '}', ']':
		if len(c.open) == 0 || c.open[len(c.open)-1] != b-2 { // '{' and '[' stand two before their partners
			return false
		}
		if c.inEntries() {
			c.end()
			c.to = c.at
		}
		c.open = c.open[:len(c.open)-1]
	case ',':
		if c.inEntries() {
			c.end()
		}
	}
	return true
}

// end takes the element that ends here.
func (c *cutter) end() {
	if element := bytes.TrimSpace(c.src[c.start:c.at]); len(element) > 0 {
		c.entries = append(c.entries, element)
	}
	c.start = c.at + 1
}

// skipString goes to the closing quote.
func (c *cutter) skipString() bool {
	from := c.at + 1
	for c.at++; c.at < len(c.src); c.at++ {
		switch c.src[c.at] {
		case '\\':
			c.at++
		case '"':
			if len(c.open) == 1 {
				c.name = string(c.src[from:c.at])
			}
			return true
		}
	}
	return false
}
