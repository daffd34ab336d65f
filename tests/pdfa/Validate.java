import java.io.File;
import java.io.FileInputStream;
import java.util.Arrays;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Validates the files of a folder with veraPDF; a name ends with its flavour, such as scan.2b.pdf. */
public class Validate {
    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        File[] files = new File(arguments[0]).listFiles((folder, name) -> name.endsWith(".pdf"));
        Arrays.sort(files);
        int failed = 0;
        for (File file : files) {
            failed += isCompliant(file) ? 0 : 1;
        }
        System.out.println((files.length - failed) + " passed, " + failed + " failed");
        System.exit(failed == 0 && files.length > 0 ? 0 : 1);
    }

    private static boolean isCompliant(File file) throws Exception {
        String[] parts = file.getName().split("\\.");
        PDFAFlavour flavour = PDFAFlavour.fromString(parts[parts.length - 2]);
        try (FileInputStream stream = new FileInputStream(file);
                PDFAParser parser = Foundries.defaultInstance().createParser(stream, flavour)) {
            PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, 100, false, false, false);
            ValidationResult result = validator.validate(parser);
            TreeSet<String> broken = new TreeSet<>();
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    broken.add(assertion.getRuleId().getClause() + "-" + assertion.getRuleId().getTestNumber()
                            + " " + assertion.getMessage());
                }
            }
            broken.forEach(rule -> System.out.println(file.getName() + ": " + rule));
            return result.isCompliant();
        }
    }
}
