// One question in Java 17, without any library: a request signed by RFC 9421 with a key of yours.
// FirstCall.java makes such a key, and proves the answer, too.
//
//   java docs/examples/Ask.java http://127.0.0.1:8001 my-key.pem my-key-id
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.security.*;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.*;

public class Ask {
  public static void main(String[] args) throws Exception {
    String url = args[0] + "/v1/inquiry/ask", body = "{\"key_kind\":\"national_id\",\"key\":\"9905251782\",\"purpose\":\"fuel_quota\"}";
    byte[] der = Base64.getMimeDecoder().decode(Files.readString(Path.of(args[1])).replaceAll("-----.*?-----", ""));
    String digest = "sha-256=:" + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(body.getBytes("UTF-8"))) + ":";
    long now = Instant.now().getEpochSecond();
    String params = "(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\");created=%d;expires=%d;nonce=\"%s\";keyid=\"%s\";alg=\"ed25519\";tag=\"mirab\"".formatted(now, now + 120, UUID.randomUUID(), args[2]);
    Signature signer = Signature.getInstance("Ed25519");
    signer.initSign(KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(der)));
    signer.update("\"@method\": POST\n\"@target-uri\": %s\n\"content-digest\": %s\n\"content-type\": application/json\n\"@signature-params\": %s".formatted(url, digest, params).getBytes("UTF-8"));
    var request = HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.ofString(body)).headers("Content-Type", "application/json", "Content-Digest", digest, "Signature-Input", "mirab=" + params, "Signature", "mirab=:" + Base64.getEncoder().encodeToString(signer.sign()) + ":");
    System.out.println(HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString()).body());
  }
}
