package memory

import (
	"bytes"
	"slices"

	"cpagateway/gateway/register"
)

// RegisterInForce implements register.Snapshot.
func (s snapshot) RegisterInForce() (uint64, error) {
	if len(s.registers) == 0 {
		return 0, s.ctx.Err()
	}
	return s.registers[len(s.registers)-1].Number, s.ctx.Err()
}

// Register implements register.Snapshot.
func (s snapshot) Register(number uint64) (register.Version, error) {
	for _, v := range s.registers {
		if v.Number == number {
			return copiedRegister(v), s.ctx.Err()
		}
	}
	return register.Version{}, s.ctx.Err()
}

// RegisterWas implements register.Snapshot.
func (s snapshot) RegisterWas(hash string) (uint64, error) {
	for _, v := range slices.Backward(s.registers) {
		if v.Hash == hash {
			return v.Number, s.ctx.Err()
		}
	}
	return 0, s.ctx.Err()
}

// PutRegister implements register.Tx.
func (t *tx) PutRegister(v register.Version) (uint64, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	t.seq++
	v = copiedRegister(v)
	v.Number = t.seq
	t.registers = append(t.registers, v)
	return v.Number, nil
}

func copiedRegister(v register.Version) register.Version {
	files := make(map[string][]byte, len(v.Files))
	for name, text := range v.Files {
		files[name] = bytes.Clone(text)
	}
	v.Files = files
	return v
}
