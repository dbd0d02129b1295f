package audit_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cpagateway/consent"
	"cpagateway/consent/disclosure"
	"cpagateway/gateway/audit"
	"cpagateway/gateway/audit/audittest"
)

// sample is a log of two chains over several hours. Each hour two writers record
// four entries each and end.
func sample(t *testing.T) audittest.Kept { return sampleBy(t, keysOf(1)) }

func sampleBy(t *testing.T, keys audit.Keys) audittest.Kept {
	t.Helper()
	store, clock := audittest.NewMemory(), &hand{at: start}
	for hour := range 4 {
		var logs []*log
		for range 2 {
			l, err := audit.Open(t.Context(), store, keys, nil, clock.now)
			if err != nil {
				t.Fatal(err)
			}
			logs = append(logs, l)
		}
		for i := range 4 {
			for _, l := range logs {
				d := decide(nurse, "person-1", 0)
				if _, err := l.Record(t.Context(), event(fmt.Sprint(hour, i)), []consent.Decision{d}, []disclosure.Disclosure{plan(t, d, "a")}, unchecked); err != nil {
					t.Fatal(err)
				}
				clock.move(100 * time.Millisecond)
			}
		}
		for _, l := range logs {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
		}
		clock.move(time.Hour)
	}
	return store.Kept()
}

// sampleStory are the entries of each chain that the checkpoints of the sample cover.
var sampleStory = []string{"0", "1 0", "4 4", "5 4", "8 8", "9 8", "12 12", "13 12", "16 16"}

func TestSample(t *testing.T) {
	k := sample(t)
	var got []string
	for _, c := range k.Checkpoints {
		var covered []string
		for _, head := range headsIn(t, c.Note) {
			covered = append(covered, fmt.Sprint(head.seq))
		}
		got = append(got, strings.Join(covered, " "))
	}
	if !equal(got, sampleStory) || len(k.Chains[1]) != 16 || len(k.Chains[2]) != 16 {
		t.Errorf("the sample is not what the tests take it for: %q", got)
	}
}

// chained gives rows right hashes and places, as an attacker without a key can do,
// and the slot the head that goes with them.
func chained(k *audittest.Kept, chain int, rows []audit.Row) {
	var head audit.Head
	for i := range rows {
		head = audit.Head{Seq: uint64(i) + 1, Hash: sha256.Sum256(append(head.Hash[:], rows[i].Body...))}
		rows[i].Head, rows[i].Slot = head, chain
	}
	k.Chains[chain] = rows
	k.Slots[chain-1].Head = head
}

// edit changes what an entry says.
func edit(t *testing.T, row *audit.Row) {
	t.Helper()
	before := string(row.Body)
	row.Body = []byte(strings.Replace(before, `"professional":"nurse-77"`, `"professional":"nurse-78"`, 1))
	row.Caller.Professional = "nurse-78"
	if string(row.Body) == before {
		t.Fatal("the entry was not changed")
	}
}

// cut takes the end off a chain, slot and all.
func cut(k *audittest.Kept, chain, entries int) {
	chained(k, chain, k.Chains[chain][:entries])
}

// at is a break in a chain.
func at(chain int, seq uint64, reason audit.Reason) *audit.Break {
	return &audit.Break{Chain: chain, Seq: seq, Reason: reason}
}

// atCheckpoint is a break at a checkpoint.
func atCheckpoint(number uint64, reason audit.Reason) *audit.Break {
	return &audit.Break{Checkpoint: number, Reason: reason}
}

// tampering is one way to change a log as somebody who can write to the store but
// has no key, and the break that has to be found.
type tampering struct {
	name    string
	change  func(k *audittest.Kept)
	options []audit.VerifyOption
	want    *audit.Break
}

// TestTamper finds each of them at its place.
func TestTamper(t *testing.T) {
	whole := sample(t)
	for _, c := range slices.Concat(entryTampering(t), chainTampering(), checkpointTampering(t), endTampering(t, whole), witnessTampering(whole)) {
		t.Run(c.name, func(t *testing.T) {
			k := whole.Clone()
			c.change(&k)
			store := audittest.NewMemory()
			store.Replace(k)
			report, err := audit.Verify(t.Context(), store, keysOf(1).Listed, c.options...)
			if err != nil {
				t.Fatal(err)
			}
			got := report.Break
			switch {
			case c.want == nil && got != nil:
				t.Errorf("an untouched log breaks: %v", got)
			case c.want != nil && got == nil:
				t.Error("nobody noticed")
			case got != nil && (got.Chain != c.want.Chain || got.Seq != c.want.Seq || got.Checkpoint != c.want.Checkpoint || got.Reason != c.want.Reason):
				t.Errorf("%v, want %+v", got, *c.want)
			case got != nil && (got.Detail == "" || strings.Contains(got.Error(), "nurse")):
				t.Errorf("the break says %v", got)
			}
		})
	}
}

// entryTampering changes entries. Entries 6 to 8 of chain 1 are covered by checkpoint 5.
func entryTampering(t *testing.T) []tampering {
	return []tampering{
		{"nothing", func(*audittest.Kept) {}, nil, nil},
		{"edit a body", func(k *audittest.Kept) { edit(t, &k.Chains[1][5]) }, nil, at(1, 6, audit.BreakHash)},
		{"edit a body and its hash", func(k *audittest.Kept) {
			edit(t, &k.Chains[1][5])
			k.Chains[1][5].Hash = sha256.Sum256(append(k.Chains[1][4].Hash[:], k.Chains[1][5].Body...))
		}, nil, at(1, 7, audit.BreakHash)},
		{"edit a hash", func(k *audittest.Kept) { k.Chains[2][5].Hash[0]++ }, nil, at(2, 6, audit.BreakHash)},
		{"edit and hash all that follows anew", func(k *audittest.Kept) {
			edit(t, &k.Chains[1][5])
			chained(k, 1, k.Chains[1])
		}, nil, at(1, 8, audit.BreakHash)},
		{"edit the first entry", func(k *audittest.Kept) {
			edit(t, &k.Chains[1][0])
			chained(k, 1, k.Chains[1])
		}, nil, at(1, 1, audit.BreakHash)},
		{"delete an entry", func(k *audittest.Kept) { k.Chains[1] = slices.Delete(k.Chains[1], 4, 5) }, nil, at(1, 5, audit.BreakGap)},
		{"delete an entry and number anew", func(k *audittest.Kept) { chained(k, 1, slices.Delete(k.Chains[1], 5, 6)) }, nil, at(1, 8, audit.BreakUnsigned)},
		{"insert an entry and number anew", func(k *audittest.Kept) { chained(k, 1, slices.Insert(k.Chains[1], 5, k.Chains[1][5])) }, nil, at(1, 8, audit.BreakHash)},
		{"swap two rows", func(k *audittest.Kept) { k.Chains[1][3], k.Chains[1][5] = k.Chains[1][5], k.Chains[1][3] }, nil, at(1, 4, audit.BreakGap)},
		{"swap two bodies", func(k *audittest.Kept) {
			k.Chains[1][5].Body, k.Chains[1][6].Body = k.Chains[1][6].Body, k.Chains[1][5].Body
		}, nil, at(1, 6, audit.BreakHash)},
		{"swap two entries and hash anew", func(k *audittest.Kept) {
			k.Chains[1][5], k.Chains[1][6] = k.Chains[1][6], k.Chains[1][5]
			chained(k, 1, k.Chains[1])
		}, nil, at(1, 8, audit.BreakHash)},
		{"the same row twice", func(k *audittest.Kept) { k.Chains[1] = slices.Insert(k.Chains[1], 4, k.Chains[1][4]) }, nil, at(1, 6, audit.BreakGap)},
		{"the row of another chain", func(k *audittest.Kept) { k.Chains[1][4].Slot = 2 }, nil, at(1, 5, audit.BreakGap)},
		{"an entry that is none", func(k *audittest.Kept) {
			chained(k, 1, append(k.Chains[1], audit.Row{Body: []byte(`{"kind":"request","kind":"request"}`)}))
		}, nil, at(1, 17, audit.BreakUnreadable)},
		{"an entry from before", func(k *audittest.Kept) { chained(k, 1, append(k.Chains[1], k.Chains[1][2])) }, nil, at(1, 17, audit.BreakClock)},
	}
}

// chainTampering changes which chains there are.
func chainTampering() []tampering {
	swap := func(k *audittest.Kept) {
		first, second := k.Chains[1], k.Chains[2]
		chained(k, 1, second)
		chained(k, 2, first)
	}
	return []tampering{
		{"a person in its column", func(k *audittest.Kept) { k.Chains[1][6].Person = "person-2" }, nil, at(1, 7, audit.BreakColumns)},
		{"a request in its column", func(k *audittest.Kept) { k.Chains[1][6].Request = "x" }, nil, at(1, 7, audit.BreakColumns)},
		{"a client in its column", func(k *audittest.Kept) { k.Chains[1][6].Caller.Client = "x" }, nil, at(1, 7, audit.BreakColumns)},
		{"an organisation in its column", func(k *audittest.Kept) { k.Chains[1][6].Caller.Organisation = "x" }, nil, at(1, 7, audit.BreakColumns)},
		{"a professional in its column", func(k *audittest.Kept) { k.Chains[1][6].Caller.Professional = "x" }, nil, at(1, 7, audit.BreakColumns)},
		{"an agreement in its column", func(k *audittest.Kept) { k.Chains[1][6].Agreement = "x" }, nil, at(1, 7, audit.BreakColumns)},
		{"a duty in its column", func(k *audittest.Kept) { k.Chains[1][6].Duty = !k.Chains[1][6].Duty }, nil, at(1, 7, audit.BreakColumns)},
		{"a time in its column", func(k *audittest.Kept) { k.Chains[1][6].Time = k.Chains[1][6].Time.Add(1) }, nil, at(1, 7, audit.BreakColumns)},
		{"swap two chains", swap, nil, at(1, 1, audit.BreakHash)},
		{"swap two heads", func(k *audittest.Kept) {
			k.Slots[0].Head, k.Slots[1].Head = k.Slots[1].Head, k.Slots[0].Head
		}, nil, at(1, 16, audit.BreakHash)},
		{"remove the last chain", func(k *audittest.Kept) {
			k.Slots = k.Slots[:1]
			delete(k.Chains, 2)
		}, nil, at(2, 1, audit.BreakGap)},
		{"remove the first chain", func(k *audittest.Kept) {
			k.Slots = k.Slots[1:]
			delete(k.Chains, 1)
		}, nil, at(1, 1, audit.BreakGap)},
		{"remove the first chain and number anew", func(k *audittest.Kept) {
			k.Slots = []audit.Slot{{Number: 1}}
			chained(k, 1, k.Chains[2])
			delete(k.Chains, 2)
		}, nil, at(2, 1, audit.BreakGap)},
		{"empty a chain", func(k *audittest.Kept) { cut(k, 2, 0) }, nil, at(2, 1, audit.BreakGap)},
		{"cut the rows of a chain", func(k *audittest.Kept) { k.Chains[2] = k.Chains[2][:14] }, nil, at(2, 15, audit.BreakGap)},
		{"cut the head of a chain", func(k *audittest.Kept) { k.Slots[1].Head = k.Chains[2][13].Head }, nil, at(2, 15, audit.BreakGap)},
		{"cut a chain whole", func(k *audittest.Kept) { cut(k, 2, 14) }, nil, at(2, 15, audit.BreakGap)},
		{"cut off the beginning", func(k *audittest.Kept) { k.Chains[1] = k.Chains[1][4:] }, nil, at(1, 1, audit.BreakGap)},
		{"cut off the beginning and number anew", func(k *audittest.Kept) { chained(k, 1, k.Chains[1][4:]) }, nil, at(1, 1, audit.BreakHash)},
	}
}

// checkpointTampering changes the checkpoints.
func checkpointTampering(t *testing.T) []tampering {
	others := sampleBy(t, keysOf(2)).Checkpoints
	forge := func(k *audittest.Kept, i int, from, to string) {
		before := k.Checkpoints[i].Note
		if k.Checkpoints[i].Note = strings.Replace(before, from, to, 1); k.Checkpoints[i].Note == before {
			t.Fatalf("checkpoint %d was not changed", i+1)
		}
	}
	return []tampering{
		{"remove a checkpoint in the middle", func(k *audittest.Kept) { k.Checkpoints = slices.Delete(k.Checkpoints, 4, 5) }, nil, atCheckpoint(5, audit.BreakGap)},
		{"remove a checkpoint in the middle and number anew", func(k *audittest.Kept) {
			k.Checkpoints = slices.Delete(k.Checkpoints, 4, 5)
			for i := range k.Checkpoints {
				k.Checkpoints[i].Number = uint64(i) + 1
			}
		}, nil, atCheckpoint(5, audit.BreakCheckpoint)},
		{"remove the first checkpoint", func(k *audittest.Kept) { k.Checkpoints = k.Checkpoints[1:] }, nil, atCheckpoint(1, audit.BreakGap)},
		{"remove all checkpoints", func(k *audittest.Kept) { k.Checkpoints = nil }, nil, at(1, 5, audit.BreakUnsigned)},
		{"swap two checkpoints", func(k *audittest.Kept) {
			k.Checkpoints[4].Note, k.Checkpoints[5].Note = k.Checkpoints[5].Note, k.Checkpoints[4].Note
		}, nil, atCheckpoint(5, audit.BreakCheckpoint)},
		{"the number of a checkpoint", func(k *audittest.Kept) { k.Checkpoints[4].Number = 50 }, nil, atCheckpoint(5, audit.BreakGap)},
		{"the length of a chain in a checkpoint", func(k *audittest.Kept) { forge(k, 4, "\n1 8 ", "\n1 7 ") }, nil, atCheckpoint(5, audit.BreakCheckpoint)},
		{"a checkpoint by another key", func(k *audittest.Kept) { k.Checkpoints[6] = others[6] }, nil, atCheckpoint(7, audit.BreakCheckpoint)},
		{"all checkpoints by another key", func(k *audittest.Kept) { k.Checkpoints = others }, nil, atCheckpoint(1, audit.BreakCheckpoint)},
		{"a checkpoint that is none", func(k *audittest.Kept) { k.Checkpoints[6].Note = "x" }, nil, atCheckpoint(7, audit.BreakCheckpoint)},
		{"replay a checkpoint", func(k *audittest.Kept) {
			k.Checkpoints = append(k.Checkpoints, audit.Checkpoint{Number: 10, Note: k.Checkpoints[8].Note})
		}, nil, atCheckpoint(10, audit.BreakCheckpoint)},
	}
}

// endTampering cuts off the end: the last checkpoint with what it covers, or more.
// Without a checkpoint kept elsewhere only what spans too long is noticed.
func endTampering(t *testing.T, whole audittest.Kept) []tampering {
	newest := audit.Against(whole.Checkpoints[8].Note)
	backTo := func(k *audittest.Kept, checkpoints int) {
		k.Checkpoints = k.Checkpoints[:checkpoints]
		k.Slots = k.Slots[:len(headsIn(t, k.Checkpoints[checkpoints-1].Note))]
		maps.DeleteFunc(k.Chains, func(chain int, _ []audit.Row) bool { return chain > len(k.Slots) })
		for _, head := range headsIn(t, k.Checkpoints[checkpoints-1].Note) {
			cut(k, head.chain, int(head.seq))
		}
	}
	return []tampering{
		{"cut back to an earlier checkpoint, unseen", func(k *audittest.Kept) { backTo(k, 5) }, nil, nil},
		{"cut back to an earlier checkpoint, seen elsewhere", func(k *audittest.Kept) { backTo(k, 5) }, []audit.VerifyOption{newest}, atCheckpoint(6, audit.BreakTruncated)},
		{"remove a chain with all checkpoints that cover it, unseen", func(k *audittest.Kept) { backTo(k, 1) }, nil, nil},
		{"remove a chain with all checkpoints that cover it, seen elsewhere", func(k *audittest.Kept) { backTo(k, 1) }, []audit.VerifyOption{newest}, atCheckpoint(2, audit.BreakTruncated)},
		{"remove everything", func(k *audittest.Kept) { *k = audittest.Kept{} }, []audit.VerifyOption{newest}, atCheckpoint(1, audit.BreakTruncated)},
		{"remove the last checkpoints", func(k *audittest.Kept) { k.Checkpoints = k.Checkpoints[:5] }, nil, at(1, 13, audit.BreakUnsigned)},
		{"remove the last checkpoint, seen elsewhere", func(k *audittest.Kept) { k.Checkpoints = k.Checkpoints[:8] }, []audit.VerifyOption{newest}, atCheckpoint(9, audit.BreakTruncated)},
		{"edit what only a removed checkpoint covers, unseen", func(k *audittest.Kept) {
			k.Checkpoints = k.Checkpoints[:8]
			edit(t, &k.Chains[2][15])
			chained(k, 2, k.Chains[2])
		}, nil, nil},
	}
}

// witnessTampering compares with several checkpoints and witnesses.
func witnessTampering(whole audittest.Kept) []tampering {
	nothing := func(*audittest.Kept) {}
	note := func(i int) string { return whole.Checkpoints[i].Note }
	rewritten := resigned(note(4))
	holds := func(note string) audit.VerifyOption { return audit.AgainstWitness(noteWitness(note)) }
	return []tampering{
		{"several that agree", nothing, []audit.VerifyOption{audit.Against(note(3), note(0)), audit.Against(note(8)), holds(note(6)), holds(note(8))}, nil},
		{"the second of two disagrees", nothing, []audit.VerifyOption{audit.Against(note(3), rewritten)}, atCheckpoint(5, audit.BreakRewritten)},
		{"the second of two of one number disagrees", nothing, []audit.VerifyOption{audit.Against(note(4), rewritten)}, atCheckpoint(5, audit.BreakRewritten)},
		{"the first of two disagrees", nothing, []audit.VerifyOption{audit.Against(rewritten), audit.Against(note(8))}, atCheckpoint(5, audit.BreakRewritten)},
		{"the second of two is newer", func(k *audittest.Kept) { k.Checkpoints = k.Checkpoints[:8] }, []audit.VerifyOption{audit.Against(note(3), note(8))}, atCheckpoint(9, audit.BreakTruncated)},
		{"the first of two witnesses disagrees", nothing, []audit.VerifyOption{holds(rewritten), holds(note(8))}, atCheckpoint(5, audit.BreakRewritten)},
		{"the second of two witnesses disagrees", nothing, []audit.VerifyOption{holds(note(8)), holds(rewritten)}, atCheckpoint(5, audit.BreakRewritten)},
		{"the second of two witnesses has lost it", nothing, []audit.VerifyOption{holds(note(8)), holds("")}, &audit.Break{Reason: audit.BreakWitness}},
		{"the first of two witnesses has lost it", nothing, []audit.VerifyOption{holds(""), holds(note(8))}, &audit.Break{Reason: audit.BreakWitness}},
		{"a witness of a log without checkpoints", func(k *audittest.Kept) { *k = audittest.Kept{} }, []audit.VerifyOption{holds("")}, nil},
	}
}

// noteWitness holds one note.
type noteWitness string

func (w noteWitness) Newest() (string, error) { return string(w), nil }
func (noteWitness) Keep(string) error         { return nil }

// resigned is a checkpoint of the same key and number, made at another time.
func resigned(note string) string {
	lines := strings.Split(note, "\n")
	lines[3] = "2026-03-01T09:30:00.000000000Z"
	text, _, _ := strings.Cut(strings.Join(lines, "\n"), "\n\n")
	return sign(text+"\n", 1)
}

// renamed is a note whose signature says that it is by another key than it is.
func renamed(t *testing.T, note string) string {
	t.Helper()
	start := strings.LastIndex(note, " ") + 1
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(note[start:], "\n"))
	if err != nil {
		t.Fatal(err)
	}
	raw[0]++
	return note[:start] + base64.StdEncoding.EncodeToString(raw) + "\n"
}

// sign makes a signed note of any text, by the published form.
func sign(text string, seed byte) string {
	const name = "cpa-gateway/audit"
	key := newKey(seed)
	hash := sha256.Sum256(append([]byte(name+"\n\x01"), public(key)...))
	signature := append(hash[:4], ed25519.Sign(key, []byte(text))...)
	return text + "\n\u2014 " + name + " " + base64.StdEncoding.EncodeToString(signature) + "\n"
}

func TestVerifyAgainstANoteThatIsNone(t *testing.T) {
	k := sample(t)
	store := audittest.NewMemory()
	store.Replace(k)
	note := k.Checkpoints[4].Note
	change := func(from, to string) string {
		changed := strings.Replace(note, from, to, 1)
		if changed == note {
			t.Fatalf("%q is not in the note", from)
		}
		return changed
	}
	text, _, _ := strings.Cut(note, "\n\n")
	// What a key has signed, but no writer writes.
	signed := func(from, to string) string {
		text, _, _ := strings.Cut(change(from, to), "\n\n")
		return sign(text+"\n", 1)
	}
	if sign(text+"\n", 1) != note {
		t.Fatal("the test signs otherwise than the log")
	}
	for name, bad := range map[string]string{
		"empty": "", "anything": "x", "another number": change("\n5\n", "\n6\n"), "another origin": change("cpa-gateway/audit", "elsewhere"),
		"no end": strings.TrimSuffix(note, "\n"), "twice": note + note, "a line more": note + "\n", "no signature": text + "\n",
		"another key": sign(text+"\n", 2), "another key's name": renamed(t, note), "a line break in the signature": change("=\n", "\n=\n"), "a short signature": change("=\n", "\n"),
		"signed without heads or time": sign("cpa-gateway/audit\n5\n", 1), "signed nothing": sign("\n", 1),
		"signed another origin": signed("cpa-gateway/audit", "elsewhere"), "signed no number": signed("\n5\n", "\nx\n"),
		"signed a number otherwise": signed("\n5\n", "\n05\n"), "signed a time otherwise": signed("Z\n", "+00:00\n"),
		"signed no hash": signed("\n2 8 ", "\n2 8 x"), "signed no head": signed("\n2 8 ", "\nx "), "signed chains in another order": signed("\n2 8 ", "\n3 8 "),
		"signed a head with more": signed("\n1 8 ", "\n1 8 8 "),
	} {
		for how, option := range map[string]audit.VerifyOption{"checkpoint": audit.Against(bad), "witness": audit.AgainstWitness(noteWitness(bad))} {
			report, err := audit.Verify(t.Context(), store, keysOf(1).Listed, option)
			if lost := bad == "" && how == "witness"; err == nil && !lost {
				t.Errorf("%s: %q was taken for a %s: %+v", name, bad, how, report)
			}
		}
	}
	folder := audit.FileWitness(t.TempDir())
	if report, err := audit.Verify(t.Context(), store, keysOf(1).Listed, audit.AgainstWitness(folder)); err == nil {
		t.Errorf("a witness that cannot be read: %+v", report)
	}
}

// What the key has signed and is wrong all the same: a writer that covers less than
// the one before, or something else.
func TestCheckpointsThatAreSignedAndWrong(t *testing.T) {
	whole := sample(t)
	chain := func(k *audittest.Kept) { // anew, each naming the one before
		for i := range k.Checkpoints {
			text, _, _ := strings.Cut(k.Checkpoints[i].Note, "\n\n")
			lines := strings.Split(text, "\n")
			if i > 0 {
				hash := sha256.Sum256([]byte(k.Checkpoints[i-1].Note))
				lines[2] = base64.StdEncoding.EncodeToString(hash[:])
			}
			k.Checkpoints[i].Note = sign(strings.Join(lines, "\n")+"\n", 1)
		}
	}
	line := func(k *audittest.Kept, checkpoint, line int, to string) {
		lines := strings.Split(k.Checkpoints[checkpoint-1].Note, "\n")
		lines = slices.Delete(lines, line, line+1)
		if to != "" {
			lines = slices.Insert(lines, line, to)
		}
		k.Checkpoints[checkpoint-1].Note = strings.Join(lines, "\n")
	}
	fourth := func(k audittest.Kept, at int) string {
		return fmt.Sprintf("2 %d %s", at, base64.StdEncoding.EncodeToString(k.Chains[2][at-1].Hash[:]))
	}
	for name, c := range map[string]struct {
		change func(k *audittest.Kept)
		want   *audit.Break
	}{
		"signed anew":            {func(k *audittest.Kept) {}, nil},
		"a chain less":           {func(k *audittest.Kept) { line(k, 5, 5, "") }, atCheckpoint(5, audit.BreakCheckpoint)},
		"a chain shorter":        {func(k *audittest.Kept) { line(k, 5, 5, fourth(*k, 3)) }, atCheckpoint(5, audit.BreakCheckpoint)},
		"less than there was":    {func(k *audittest.Kept) { line(k, 5, 5, fourth(*k, 6)) }, nil},
		"another hash":           {func(k *audittest.Kept) { line(k, 5, 5, "2 8 "+strings.Repeat("A", 43)+"=") }, at(2, 8, audit.BreakHash)},
		"the same at another":    {func(k *audittest.Kept) { line(k, 4, 5, "2 4 "+strings.Repeat("A", 43)+"=") }, atCheckpoint(4, audit.BreakCheckpoint)},
		"more than there is":     {func(k *audittest.Kept) { line(k, 9, 5, "2 17 "+strings.Repeat("A", 43)+"=") }, at(2, 17, audit.BreakGap)},
		"a chain that is not":    {func(k *audittest.Kept) { line(k, 9, 6, "3 0 "+strings.Repeat("A", 43)+"=\n") }, at(3, 1, audit.BreakGap)},
		"does not name the last": {nil, atCheckpoint(6, audit.BreakCheckpoint)},
	} {
		k := whole.Clone()
		if c.change == nil {
			k.Checkpoints[4].Note = resigned(k.Checkpoints[4].Note)
		} else {
			c.change(&k)
			chain(&k)
		}
		store := audittest.NewMemory()
		store.Replace(k)
		report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := report.Break
		if (got == nil) != (c.want == nil) || got != nil && (got.Chain != c.want.Chain || got.Seq != c.want.Seq || got.Checkpoint != c.want.Checkpoint || got.Reason != c.want.Reason) {
			t.Errorf("%s: %v, want %+v", name, got, c.want)
		}
	}
}

func TestVerifyReports(t *testing.T) {
	store := audittest.NewMemory()
	store.Replace(sample(t))
	report, err := audit.Verify(t.Context(), store, keysOf(1).Listed)
	if err != nil || report.Break != nil {
		t.Fatalf("%+v, %v", report, err)
	}
	if report.Entries != 32 || report.Signed != 32 || report.Checkpoints != 9 || report.Chains != 2 {
		t.Errorf("%+v", report)
	}
	if !report.First.Equal(start) || !report.Last.Equal(start.Add(3*time.Hour+3100*time.Millisecond)) {
		t.Errorf("from %v to %v", report.First, report.Last)
	}
}

func TestVerifyOfNothing(t *testing.T) {
	report, err := audit.Verify(t.Context(), audittest.NewMemory(), keysOf(1).Listed)
	if err != nil || report != (audit.Report{}) {
		t.Errorf("%+v, %v", report, err)
	}
}
