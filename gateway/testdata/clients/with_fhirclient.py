"""The ordinary calls of SMART's fhirclient: address, token, NHS number."""
import json
import sys

from fhirclient import server
from fhirclient.models import careplan, goal, patient

base, token, number = sys.argv[1:]
gateway = server.FHIRServer(None, base_uri=base + "/")
gateway.session.headers["Authorization"] = "Bearer " + token
assert gateway.capabilityStatement.fhirVersion == "4.0.1"
about = {"patient.identifier": number}
found = careplan.CarePlan.where(about).perform_resources(gateway)
person = patient.Patient.read_from(found[0].subject.reference, gateway)
both = careplan.CarePlan.where(dict(about, _include="CarePlan:subject")).perform(gateway)
goals = list(goal.Goal.where(dict(about, _count="2")).perform_resources_iter(gateway))
try:
    careplan.CarePlan.read("unknown", gateway)
    missing = "found"
except server.FHIRNotFoundException:
    missing = "not found"
print(json.dumps({
    "plans": len(found), "counted": careplan.CarePlan.where(dict(about, _summary="count")).perform(gateway).total,
    "goals": len(goals), "person": person.name[0].family,
    "included": len([e for e in both.entry if e.search.mode == "include"]),
    "read": careplan.CarePlan.read(found[0].id, gateway).title, "missing": missing,
}))
