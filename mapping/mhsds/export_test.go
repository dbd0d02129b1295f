package mhsds

// Compile compiles other maps than those that are built in.
var Compile = compile

// Divide makes every extract be divided that has more than so many bytes of rows.
func Divide(bytes int) (restore func()) {
	before := most
	most = bytes
	return func() { most = before }
}
