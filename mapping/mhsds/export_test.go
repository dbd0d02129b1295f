package mhsds

// Divide makes every extract be divided that has more than so many bytes of rows.
func Divide(bytes int) (restore func()) {
	before := most
	most = bytes
	return func() { most = before }
}
