package intake

import "cpagateway/profiles"

// IDOf is the id that a resource of a source gets.
func IDOf(secret []byte, custodian profiles.OrgCode, source, typ, key string) string {
	return ResourceID(secret, custodian, source)(typ, key)
}
