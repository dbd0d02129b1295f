// What fhir-kit-client writes: address, tokens of a custodian's and of a council's system, NHS number, a plan that both see, two extensions.
import { Client } from "fhir-kit-client";

const [base, keeper, council, number, planID, part, area] = process.argv.slice(2);
const [system, value] = number.split("|");
const about = { identifier: { system, value } };
const crisis = { coding: [{ system: "http://snomed.info/sct", code: "736253002" }] };
const CarePlan = "CarePlan";
const clientOf = (token) => new Client({ baseUrl: base, bearerToken: token });
const headers = (more) => ({ options: { headers: more } });
const etag = (r) => `W/"${r.meta.versionId}"`;
const words = (plan) => plan.activity.map((a) => a.detail.description);
const activity = (kind, text, ...more) => ({ extension: [{ url: part, valueCode: kind }, ...more], detail: { status: "scheduled", description: text } });
const refusal = (call) => call.then(() => "taken", (e) => (e.response.status === 404 ? "not found" : e.response.data.issue[0].code));
const versions = async (client, id) => (await client.resourceHistory({ resourceType: CarePlan, id })).entry.length;
const said = {};

const mine = clientOf(keeper);
const fresh = { resourceType: CarePlan, status: "active", intent: "plan", subject: about, category: [crisis], activity: [activity("action", "Call Beth first")] };
const plan = await mine.create({ resourceType: CarePlan, body: fresh });
const { id } = plan;
said.created = words(plan);

const updated = await mine.update({ resourceType: CarePlan, id, body: { ...plan, title: "When I cannot sleep" }, ...headers({ "If-Match": etag(plan) }) });
said.updated = updated.title;
const stale = { ...plan, activity: [...plan.activity, activity("action", "Put the radio on")] };
said.stale = await refusal(mine.update({ resourceType: CarePlan, id, body: stale, ...headers({ "If-Match": etag(plan) }) }));
// Without If-Match it sends none, and the body's meta.versionId is the base.
const merged = await mine.update({ resourceType: CarePlan, id, body: stale, ...headers({ Prefer: "merge" }) });
said.merged = [merged.title, ...words(merged)];

const retitled = [{ op: "replace", path: "/title", value: "Nights" }];
said.patched = (await mine.patch({ resourceType: CarePlan, id, jsonPatch: retitled, ...headers({ "If-Match": etag(merged) }) })).title;
said.unnamed = await refusal(mine.patch({ resourceType: CarePlan, id, jsonPatch: retitled }));

const goal = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";
const done = await mine.transaction({ body: { resourceType: "Bundle", type: "transaction", entry: [
  { resource: { ...fresh, activity: undefined, goal: [{ reference: goal }] }, request: { method: "POST", url: CarePlan } },
  { fullUrl: goal, resource: { resourceType: "Goal", lifecycleStatus: "active", description: { text: "Sleep" }, subject: about }, request: { method: "POST", url: "Goal" } },
] } });
said.transacted = done.entry.map((e) => e.response.status);
[said.linked] = done.entry[0].resource.goal[0].reference.split("/");

said.versions = await versions(mine, id);
await mine.delete({ resourceType: CarePlan, id });
said.deleted = await refusal(mine.read({ resourceType: CarePlan, id }));

const theirs = clientOf(council);
const seen = await theirs.read({ resourceType: CarePlan, id: planID });
const before = await versions(theirs, planID);
const flat = activity("area", "A flat with a garden", { url: area, valueCode: "accommodation" });
const both = await theirs.update({ resourceType: CarePlan, id: planID, body: { ...seen, activity: [...seen.activity, flat] }, ...headers({ "If-Match": etag(seen), Prefer: "merge" }) });
said.contributed = words(both).slice(seen.activity.length);
const place = `/activity/${seen.activity.length}/detail/description`;
const patched = await theirs.patch({ resourceType: CarePlan, id: planID, jsonPatch: [{ op: "replace", path: place, value: "A flat without stairs" }], ...headers({ "If-Match": etag(both) }) });
said.patchedPart = words(patched).slice(seen.activity.length);
said.versionsOfIt = (await versions(theirs, planID)) - before;
said.title = await refusal(theirs.update({ resourceType: CarePlan, id: planID, body: { ...patched, title: "The council's" } }));
said.delete = await refusal(theirs.delete({ resourceType: CarePlan, id: planID }));
said.create = await refusal(theirs.create({ resourceType: CarePlan, body: { ...fresh, activity: undefined } }));
console.log(JSON.stringify(said));
