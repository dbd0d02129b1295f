// The ordinary calls of fhir-kit-client: address, token, NHS number.
import { Client } from "fhir-kit-client";

const [base, token, number] = process.argv.slice(2);
const client = new Client({ baseUrl: base, bearerToken: token });
const about = { "patient.identifier": number };
const matches = (bundle) => (bundle.entry ?? []).filter((e) => e.search.mode === "match").map((e) => e.resource);

if ((await client.capabilityStatement()).fhirVersion !== "4.0.1") throw new Error("not R4");
const found = matches(await client.search({ resourceType: "CarePlan", searchParams: about, options: { postSearch: true } }));
const [, id] = found[0].subject.reference.split("/");
const person = await client.read({ resourceType: "Patient", id });
const both = await client.search({ resourceType: "CarePlan", searchParams: { ...about, _include: "CarePlan:subject" } });
const counted = await client.search({ resourceType: "CarePlan", searchParams: { ...about, _summary: "count" } });
const goals = [];
for (let page = await client.search({ resourceType: "Goal", searchParams: { ...about, _count: 2 } }); page; page = await client.nextPage({ bundle: page })) {
  goals.push(...matches(page));
}
const plan = await client.read({ resourceType: "CarePlan", id: found[0].id });
const version = await client.vread({ resourceType: "CarePlan", id: plan.id, version: plan.meta.versionId });
const missing = await client.read({ resourceType: "CarePlan", id: "unknown" }).then(() => "found", (e) => (e.response.status === 404 ? "not found" : e.message));
console.log(JSON.stringify({
  plans: found.length, counted: counted.total, goals: goals.length, person: person.name[0].family,
  included: both.entry.filter((e) => e.search.mode === "include").length, read: version.title, missing,
}));
