"""The ordinary calls of fhirpy: address, token, NHS number."""
import json
import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ResourceNotFound

base, token, number = sys.argv[1:]
client = SyncFHIRClient(base, authorization="Bearer " + token)
plans = client.resources("CarePlan").search(patient__identifier=number)
found = plans.fetch()
person = found[0]["subject"].to_resource()
both = plans.include("CarePlan", "subject").fetch_raw()
goals = client.resources("Goal").search(patient__identifier=number).limit(2).fetch_all()
try:
    client.reference("CarePlan", "unknown").to_resource()
    missing = "found"
except ResourceNotFound:
    missing = "not found"
print(json.dumps({
    "plans": len(found), "counted": plans.count(), "goals": len(goals), "person": person["name"][0]["family"],
    "included": len([e for e in both["entry"] if e["search"]["mode"] == "include"]),
    "read": client.reference("CarePlan", found[0]["id"]).to_resource()["title"], "missing": missing,
}))
