import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.ConceptValidationOptions;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.ValidationSupportContext;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.ValueSet;

/** Validates every file of a folder against FHIR R4: a line for each message that is more than information. */
public class Validate {
  public static void main(String[] args) throws Exception {
    FhirContext r4 = FhirContext.forR4();
    FhirValidator validator = r4.newValidator();
    validator.registerValidatorModule(new FhirInstanceValidator(new ValidationSupportChain(
        new Languages(r4), new DefaultProfileValidationSupport(r4), new CommonCodeSystemsTerminologyService(r4),
        new InMemoryTerminologyServerValidationSupport(r4))));
    int read = 0;
    try (var files = Files.list(Path.of(args[0]))) {
      for (Path file : files.sorted().toList()) {
        read++;
        for (SingleValidationMessage m : validator.validateWithResult(Files.readString(file)).getMessages()) {
          if (m.getSeverity().name().equals("INFORMATION")) continue;
          System.out.println(String.join("\t", m.getSeverity().name(), file.getFileName().toString(), m.getLocationString(), m.getMessage()));
        }
      }
    }
    System.out.println("READ\t" + read);
  }

  /**
   * R4 prefers the value set "languages", in which Welsh does not stand, and requires BCP 47. The
   * packed terminology refuses what is only not preferred, so it is not asked about BCP 47.
   */
  record Languages(FhirContext r4) implements IValidationSupport {
    @Override
    public FhirContext getFhirContext() {
      return r4;
    }

    @Override
    public boolean isValueSetSupported(ValidationSupportContext root, String url) {
      return url.startsWith("http://hl7.org/fhir/ValueSet/languages");
    }

    @Override
    public CodeValidationResult validateCodeInValueSet(ValidationSupportContext root, ConceptValidationOptions options, String system, String code, String display, IBaseResource valueSet) {
      return validateCode(root, options, system, code, display, ((ValueSet) valueSet).getUrl());
    }

    @Override
    public CodeValidationResult validateCode(ValidationSupportContext root, ConceptValidationOptions options, String system, String code, String display, String valueSet) {
      boolean bcp47 = system == null ? options.isInferSystem() : system.equals("urn:ietf:bcp:47");
      if (valueSet == null || !isValueSetSupported(root, valueSet) || !bcp47 || !code.matches("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")) return null;
      return new CodeValidationResult().setCode(code).setCodeSystemName("BCP 47");
    }
  }
}
