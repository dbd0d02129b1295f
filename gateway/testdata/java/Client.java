import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.SummaryEnum;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CarePlan;
import org.hl7.fhir.r4.model.Goal;
import org.hl7.fhir.r4.model.Patient;

/** The ordinary calls of HAPI's generic client: address, token, system and value of an NHS number. */
public class Client {
  public static void main(String[] args) {
    FhirContext r4 = FhirContext.forR4();
    r4.getRestfulClientFactory().setSocketTimeout(60_000);
    IGenericClient client = r4.newRestfulGenericClient(args[0]);
    client.registerInterceptor(new BearerTokenAuthInterceptor(args[1]));
    String[] number = args[2].split("\\|");

    List<CarePlan> plans = new ArrayList<>();
    int included = 0;
    Bundle found = client.search().forResource(CarePlan.class).where(CarePlan.PATIENT.hasChainedProperty(Patient.IDENTIFIER.exactly().systemAndIdentifier(number[0], number[1])))
        .include(CarePlan.INCLUDE_SUBJECT).usingStyle(ca.uhn.fhir.rest.api.SearchStyleEnum.POST).returnBundle(Bundle.class).execute();
    for (Bundle.BundleEntryComponent e : found.getEntry()) {
      if (e.getSearch().getMode() == Bundle.SearchEntryMode.INCLUDE) included++;
      else plans.add((CarePlan) e.getResource());
    }
    Bundle counted = client.search().forResource(CarePlan.class).where(CarePlan.PATIENT.hasChainedProperty(Patient.IDENTIFIER.exactly().systemAndIdentifier(number[0], number[1])))
        .summaryMode(SummaryEnum.COUNT).returnBundle(Bundle.class).execute();
    Patient person = client.read().resource(Patient.class).withId(plans.get(0).getSubject().getReferenceElement().getIdPart()).execute();
    int goals = 0;
    Bundle page = client.search().forResource(Goal.class).where(Goal.PATIENT.hasChainedProperty(Patient.IDENTIFIER.exactly().systemAndIdentifier(number[0], number[1])))
        .count(2).returnBundle(Bundle.class).execute();
    for (goals = page.getEntry().size(); page.getLink(Bundle.LINK_NEXT) != null; goals += page.getEntry().size()) page = client.loadPage().next(page).execute();
    CarePlan read = client.read().resource(CarePlan.class).withUrl(plans.get(0).getIdElement().toUnqualifiedVersionless()).elementsSubset("title").execute();
    CarePlan version = client.read().resource(CarePlan.class).withIdAndVersion(plans.get(0).getIdElement().getIdPart(), plans.get(0).getMeta().getVersionId()).execute();
    String missing = "found";
    try {
      client.read().resource(CarePlan.class).withId("unknown").execute();
    } catch (ResourceNotFoundException e) {
      missing = "not found";
    }
    if (!read.getTitle().equals(version.getTitle())) throw new IllegalStateException("a part and a version have two titles");
    System.out.printf("{\"plans\":%d,\"counted\":%d,\"goals\":%d,\"person\":\"%s\",\"included\":%d,\"read\":\"%s\",\"missing\":\"%s\"}%n",
        plans.size(), counted.getTotal(), goals, person.getNameFirstRep().getFamily(), included, version.getTitle(), missing);
  }
}
