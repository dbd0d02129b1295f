// Package audit is what was disclosed or refused, to whom, and why: durable
// before the answer, append-only, hash-chained and signed.
//
// A Log writes one entry per decision, permits, refusals and empty answers alike,
// with what was released by it, and one for a request that came to no decision.
// Entries that arrive while a commit is syncing go together into the next one. Nothing is answered
// that was not recorded: only a Log makes a Recorded, and only after the Sink
// has said that it is kept.
//
// What the chain proves. Every row holds the hash of all before it, and every
// second of activity ends in a checkpoint row, signed with a key that the sink
// does not hold. Who can write to the sink but has no key can therefore not
// edit, delete, insert or reorder what was signed. Cutting off the end leaves a
// chain that is right as far as it goes: this is found by comparing it with a
// checkpoint kept elsewhere, which is what a Witness is for. Who holds the key
// and can write to the witness as well can rewrite everything.
package audit
