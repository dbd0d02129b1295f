package fhir_test

import (
	"fmt"

	"cpagateway/profiles/fhir"
)

// What nobody here understands stays where it is; what is asked for is read.
func Example() {
	plan, err := fhir.ParseResource([]byte(`{"resourceType":"CarePlan", "dose":1.10,
  "activity":[{"detail":{"status":"stopped"}},{"detail":{"status":"in-progress"}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for status := range plan.All("activity", "detail", "status") {
		fmt.Println(status.Path(), status.Text())
	}
	named, err := fhir.SetMember(plan, "id", []byte(`"plan-1"`))
	fmt.Println(string(named), err)
	// Output:
	// CarePlan.activity[0].detail.status stopped
	// CarePlan.activity[1].detail.status in-progress
	// {"resourceType":"CarePlan","id":"plan-1", "dose":1.10,
	//   "activity":[{"detail":{"status":"stopped"}},{"detail":{"status":"in-progress"}}]} <nil>
}

func ExampleParse() {
	_, err := fhir.Parse([]byte(`{"resourceType":"CarePlan","status":"active","st\u0061tus":"revoked"}`))
	fmt.Println(err)
	// Output: CarePlan.status: member name given twice (byte 45)
}
