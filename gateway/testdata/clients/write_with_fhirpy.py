"""What fhirpy writes: address, tokens of a custodian's and of a council's system, NHS number, a plan that both see, two extensions."""
import json
import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

base, keeper, council, number, plan_id, PART, AREA = sys.argv[1:]
system, value = number.split("|")
about = {"identifier": {"system": system, "value": value}}
crisis = {"coding": [{"system": "http://snomed.info/sct", "code": "736253002"}]}


def client(token, **headers):
    return SyncFHIRClient(base, authorization="Bearer " + token, extra_headers={k.replace("_", "-"): v for k, v in headers.items()})


def refusal(call):
    try:
        call()
    except OperationOutcome as e:
        return e.resource["issue"][0]["code"]
    except MultipleResourcesFound as e:  # what fhirpy calls every 412
        return json.loads(str(e))["issue"][0]["code"]
    except ResourceNotFound:
        return "not found"
    return "taken"


def history(client, plan):
    return len(client.execute(f"CarePlan/{plan['id']}/_history", method="get")["entry"])


def words(plan):
    return [a["detail"]["description"] for a in plan["activity"]]


def activity(kind, text, *more):
    return {"extension": [{"url": PART, "valueCode": kind}, *more], "detail": {"status": "scheduled", "description": text}}


mine = client(keeper)
plan = mine.resource("CarePlan", status="active", intent="plan", subject=about, category=[crisis], activity=[activity("action", "Call Beth first")])
plan.save()
said = {"created": words(plan)}

# save() is a PUT without If-Match, of all that was read, and so of its meta.versionId.
stale = mine.reference("CarePlan", plan["id"]).to_resource()
plan["title"] = "When I cannot sleep"
plan.save()
said["updated"] = plan["title"]
stale["activity"].append(activity("action", "Put the radio on"))
said["stale"] = refusal(stale.save)
merging = client(keeper, Prefer="merge").resource("CarePlan", **stale.serialize())
merging.save()
said["merged"] = [merging["title"], *words(merging)]

# patch() and save(fields=...) send a piece of the resource as plain JSON, which is no JSON Patch.
said["patched"] = refusal(lambda: plan.patch(title="Nights"))
said["pieces"] = refusal(lambda: plan.save(fields=["title"]))

goal = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
done = mine.resource("Bundle", type="transaction", entry=[
    {"resource": {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": about, "category": [crisis], "goal": [{"reference": goal}]},
     "request": {"method": "POST", "url": "CarePlan"}},
    {"fullUrl": goal, "resource": {"resourceType": "Goal", "lifecycleStatus": "active", "description": {"text": "Sleep"}, "subject": about},
     "request": {"method": "POST", "url": "Goal"}},
]).save()
said["transacted"] = [e["response"]["status"] for e in done["entry"]]
said["linked"] = done["entry"][0]["resource"]["goal"][0]["reference"].split("/")[0]

said["versions"] = history(mine, plan)
plan.delete()
said["deleted"] = refusal(lambda: mine.reference("CarePlan", plan["id"]).to_resource())

theirs = client(council)
seen = theirs.reference("CarePlan", plan_id).to_resource()
before, count = history(theirs, seen), len(seen["activity"])
seen["activity"].append(activity("area", "A flat with a garden", {"url": AREA, "valueCode": "accommodation"}))
seen.save()
said["contributed"] = words(seen)[count:]
said["versionsOfIt"] = history(theirs, seen) - before
seen["title"] = "The council's"
said["title"] = refusal(seen.save)
said["delete"] = refusal(seen.delete)
said["create"] = refusal(theirs.resource("CarePlan", status="active", intent="plan", subject=about, category=[crisis]).save)
print(json.dumps(said))
