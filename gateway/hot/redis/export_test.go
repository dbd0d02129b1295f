package redis

import "time"

// Patient makes a state wait for a server that a busy machine makes slow. Not
// while anybody waits.
func (s *State) Patient() *State { s.timeout = time.Minute; return s }

// Ordinary is as Open made it.
func (s *State) Ordinary() *State { s.timeout = timeout; return s }
