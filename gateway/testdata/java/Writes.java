import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CarePlan;
import org.hl7.fhir.r4.model.CodeType;
import org.hl7.fhir.r4.model.Goal;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Reference;

/** What HAPI's generic client writes: address, tokens of a custodian's and of a council's system, NHS number, a plan that both see, two extensions. */
public class Writes {
  static final FhirContext R4 = FhirContext.forR4();
  static final List<String> said = new ArrayList<>();
  static String base, part, area;
  static Reference about;

  public static void main(String[] args) {
    R4.getRestfulClientFactory().setSocketTimeout(60_000);
    base = args[0];
    part = args[5];
    area = args[6];
    String[] number = args[3].split("\\|");
    about = new Reference();
    about.getIdentifier().setSystem(number[0]).setValue(number[1]);
    custodian(clientOf(args[1]));
    council(clientOf(args[2]), args[4]);
    System.out.println("{" + String.join(",", said) + "}");
  }

  static void custodian(IGenericClient mine) {
    CarePlan plan = (CarePlan) mine.create().resource(fresh(activity("action", "Call Beth first"))).execute().getResource();
    say("created", words(plan, 0));
    CarePlan stale = plan.copy();
    plan.setTitle("When I cannot sleep");
    // It sends If-Match: W/"x" of the version in the resource's own id, as what is read has it.
    CarePlan updated = (CarePlan) mine.update().resource(plan).withId(plan.getIdElement()).execute().getResource();
    say("updated", quoted(updated.getTitle()));
    stale.addActivity(activity("action", "Put the radio on"));
    say("stale", refusal(() -> mine.update().resource(stale).withId(stale.getIdElement()).execute()));
    CarePlan merged = (CarePlan) mine.update().resource(stale).withId(stale.getIdElement()).withAdditionalHeader("Prefer", "merge, return=representation").execute().getResource();
    say("merged", "[" + quoted(merged.getTitle()) + "," + words(merged, 0).substring(1));
    String retitled = "[{\"op\":\"replace\",\"path\":\"/title\",\"value\":\"Nights\"}]";
    CarePlan patched = (CarePlan) mine.patch().withBody(retitled).withId(merged.getIdElement()).withAdditionalHeader("If-Match", "W/\"" + merged.getMeta().getVersionId() + "\"").execute().getResource();
    say("patched", quoted(patched.getTitle()));
    say("unnamed", refusal(() -> mine.patch().withBody(retitled).withId(merged.getIdElement().toVersionless()).execute()));

    String goal = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0";
    Bundle wanted = new Bundle().setType(Bundle.BundleType.TRANSACTION);
    CarePlan other = fresh();
    other.addGoal().setReference(goal);
    wanted.addEntry().setResource(other).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("CarePlan");
    Goal sleep = new Goal().setLifecycleStatus(Goal.GoalLifecycleStatus.ACTIVE).setSubject(about);
    sleep.getDescription().setText("Sleep");
    wanted.addEntry().setFullUrl(goal).setResource(sleep).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Goal");
    Bundle done = mine.transaction().withBundle(wanted).withAdditionalHeader("Prefer", "return=representation").execute();
    say("transacted", done.getEntry().stream().map(e -> quoted(e.getResponse().getStatus())).collect(Collectors.joining(",", "[", "]")));
    say("linked", quoted(((CarePlan) done.getEntryFirstRep().getResource()).getGoalFirstRep().getReferenceElement().getResourceType()));

    say("versions", "" + versions(mine, plan.getIdElement().getIdPart()));
    mine.delete().resourceById("CarePlan", plan.getIdElement().getIdPart()).execute();
    say("deleted", refusal(() -> mine.read().resource(CarePlan.class).withId(plan.getIdElement().getIdPart()).execute()));
  }

  static void council(IGenericClient theirs, String id) {
    CarePlan seen = theirs.read().resource(CarePlan.class).withId(id).execute();
    int before = versions(theirs, id), count = seen.getActivity().size();
    CarePlan.CarePlanActivityComponent flat = activity("area", "A flat with a garden");
    flat.addExtension(area, new CodeType("accommodation"));
    seen.addActivity(flat);
    CarePlan both = (CarePlan) theirs.update().resource(seen).withId(seen.getIdElement()).withAdditionalHeader("Prefer", "merge, return=representation").execute().getResource();
    say("contributed", words(both, count));
    String place = "[{\"op\":\"replace\",\"path\":\"/activity/" + count + "/detail/description\",\"value\":\"A flat without stairs\"}]";
    CarePlan patched = (CarePlan) theirs.patch().withBody(place).withId(both.getIdElement()).withAdditionalHeader("If-Match", "W/\"" + both.getMeta().getVersionId() + "\"").execute().getResource();
    say("patchedPart", words(patched, count));
    say("versionsOfIt", "" + (versions(theirs, id) - before));
    patched.setTitle("The council's");
    say("title", refusal(() -> theirs.update().resource(patched).withId(patched.getIdElement()).execute()));
    say("delete", refusal(() -> theirs.delete().resourceById("CarePlan", id).execute()));
    say("create", refusal(() -> theirs.create().resource(fresh()).execute()));
  }

  static IGenericClient clientOf(String token) {
    IGenericClient client = R4.newRestfulGenericClient(base);
    client.registerInterceptor(new BearerTokenAuthInterceptor(token));
    return client;
  }

  static CarePlan fresh(CarePlan.CarePlanActivityComponent... activities) {
    CarePlan plan = new CarePlan().setStatus(CarePlan.CarePlanStatus.ACTIVE).setIntent(CarePlan.CarePlanIntent.PLAN).setSubject(about.copy());
    plan.addCategory().addCoding().setSystem("http://snomed.info/sct").setCode("736253002");
    for (var a : activities) plan.addActivity(a);
    return plan;
  }

  static CarePlan.CarePlanActivityComponent activity(String kind, String text) {
    CarePlan.CarePlanActivityComponent made = new CarePlan.CarePlanActivityComponent();
    made.addExtension(part, new CodeType(kind));
    made.getDetail().setStatus(CarePlan.CarePlanActivityStatus.SCHEDULED).setDescription(text);
    return made;
  }

  static int versions(IGenericClient client, String id) {
    return client.history().onInstance("CarePlan/" + id).returnBundle(Bundle.class).execute().getEntry().size();
  }

  static String refusal(Supplier<Object> call) {
    try {
      Object done = call.get();
      return quoted(done instanceof MethodOutcome ? "taken" : "read");
    } catch (ResourceNotFoundException e) {
      return quoted("not found");
    } catch (BaseServerResponseException e) {
      return quoted(((OperationOutcome) e.getOperationOutcome()).getIssueFirstRep().getCode().toCode());
    }
  }

  static String words(CarePlan plan, int from) {
    return plan.getActivity().stream().skip(from).map(a -> quoted(a.getDetail().getDescription())).collect(Collectors.joining(",", "[", "]"));
  }

  static String quoted(String text) {
    return "\"" + text.replace("\"", "\\\"") + "\"";
  }

  static void say(String step, String json) {
    said.add(quoted(step) + ":" + json);
  }
}
