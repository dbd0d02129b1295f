// Package audit is what was disclosed or refused, to whom, and why: durable
// before the answer, append-only, hash-chained and signed.
//
// A Log writes one entry per decision, permits, refusals and empty answers alike,
// with what was released by it, and one for a request that came to no decision.
// Entries that arrive while a commit is syncing go together into the next one.
// Nothing is answered that was not recorded: only a Log makes a Recorded, and only
// after the store has said that it is kept. What changes the records is recorded in
// the transaction that changes them.
//
// What the log proves. A Log appends to one chain at a time, under a lease; every
// entry holds the hash of all before it in its chain. Every second of activity ends
// in a checkpoint, which covers where all chains end and names the checkpoint
// before, signed with a key that the store does not hold. Who can write to the
// store but has no key can therefore not edit, delete, insert or reorder what was
// signed. Cutting back to an earlier checkpoint, with all chains that it does not
// cover, leaves a log that is right as far as it goes: this is found by comparing it
// with a checkpoint kept elsewhere, which is what a Witness is for. Who holds the
// key and can write to the witness as well can rewrite everything.
package audit
