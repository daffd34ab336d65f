import java.awt.image.BufferedImage;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import triton.client.InferInput;
import triton.client.InferRequestedOutput;
import triton.client.InferResult;
import triton.client.InferenceServerClient;
import triton.client.pojo.DataType;

/** Prints the text of an image, sent in three ways: by Triton's Java API as text and as pixels, and by Java's own client. */
public class Client {
    public static void main(String[] arguments) throws Exception {
        String address = arguments[0];
        Path file = Path.of(arguments[1]);
        try (InferenceServerClient client = new InferenceServerClient(address, 60_000, 60_000)) {
            InferInput text = new InferInput("input-0", new long[] {1}, DataType.BYTES);
            text.setData(new String[] {Base64.getEncoder().encodeToString(Files.readAllBytes(file))}, false);
            print(client, text);
            print(client, pixels(ImageIO.read(file.toFile())));
        }
        // It offers an upgrade to HTTP/2 with its first request.
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + "/gateway/ocr"))
                .header("Accept", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofFile(file))
                .build();
        System.out.println(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private static InferInput pixels(BufferedImage image) {
        byte[] values = new byte[image.getWidth() * image.getHeight() * 3];
        int next = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int color = image.getRGB(x, y);
                values[next++] = (byte) (color >> 16);
                values[next++] = (byte) (color >> 8);
                values[next++] = (byte) color;
            }
        }
        InferInput input = new InferInput("image", new long[] {1, image.getHeight(), image.getWidth(), 3}, DataType.UINT8);
        input.setData(values, true);
        return input;
    }

    private static void print(InferenceServerClient client, InferInput input) throws Exception {
        List<InferRequestedOutput> outputs =
                List.of(new InferRequestedOutput("output-0", false), new InferRequestedOutput("confidence", true));
        InferResult result = client.infer("ocr-model", List.of(input), outputs);
        if (result.getOutputAsFloat("confidence")[0] <= 0) {
            throw new IllegalStateException("no confidence");
        }
        System.out.println(result.getResponse().getOutputByName("output-0").getData()[0]);
    }
}
