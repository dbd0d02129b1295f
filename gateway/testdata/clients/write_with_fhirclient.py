"""What SMART's fhirclient writes: address, token, a plan with an extension of its title, and one without."""
import json
import sys

from fhirclient import server
from fhirclient.models import careplan

base, token, extended, plain = sys.argv[1:]
gateway = server.FHIRServer(None, base_uri=base + "/")
gateway.session.headers["Authorization"] = "Bearer " + token


def update(identity):
    plan = careplan.CarePlan.read(identity, gateway)
    plan.activity[0].detail.description = "Call Beth"
    try:
        return plan.update(gateway)["activity"][0]["detail"]["description"]
    except Exception as e:  # fhirclient has no name for a 422
        return e.response.json()["issue"][0]["code"]


print(json.dumps({"extended": update(extended), "plain": update(plain)}))
