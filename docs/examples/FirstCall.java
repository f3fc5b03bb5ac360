// The first call of a newcomer to the sandbox in Java 17 or newer, without any library: a key of
// one's own, an entry, a question.
//
//   java docs/examples/FirstCall.java http://127.0.0.1:8001 my-key.pem
import static java.net.http.HttpResponse.BodyHandlers.ofString;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;

public class FirstCall {
  // What stands in DER (RFC 8410) before the 32 bytes of an Ed25519 key.
  static final byte[] DER = HexFormat.of().parseHex("302a300506032b6570032100");
  static final HttpClient HTTP = HttpClient.newHttpClient();

  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];

    // 1. A key: the private half stays in the file, the public half is registered.
    KeyPair key = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    Path file = Path.of(arguments[1]);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    String pem = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getPrivate().getEncoded());
    Files.writeString(file, "-----BEGIN PRIVATE KEY-----\n" + pem + "\n-----END PRIVATE KEY-----\n");
    byte[] der = key.getPublic().getEncoded();
    byte[] raw = Arrays.copyOfRange(der, DER.length, der.length);

    // 2. A proof that the key is yours: a JWS by it over its thumbprint (RFC 7638) and the time.
    String jwk = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}".formatted(base64url(raw));
    String claims = "{\"sub\":\"sandbox\",\"jkt\":\"%s\",\"iat\":%d}"
        .formatted(base64url(sha256(jwk.getBytes(UTF_8))), now());
    String proven = base64url("{\"typ\":\"mirab-key-proof+jwt\",\"alg\":\"EdDSA\"}".getBytes(UTF_8))
        + "." + base64url(claims.getBytes(UTF_8));
    String proof = proven + "." + base64url(sign(key, proven));

    // 3. An entry in the register, for a month. What it may do is told.
    String entry = "{\"name\":\"First call in Java\",\"jwk\":%s,\"proof\":\"%s\"}".formatted(jwk, proof);
    HttpResponse<String> registered = HTTP.send(
        post(url + "/sandbox/agencies", entry).build(), ofString());
    if (registered.statusCode() != 201) stop(registered.body());
    String keyid = member("key_id", registered.body());
    System.out.printf("You are %s, your key is %s, until %s.%n",
        member("code", registered.body()), keyid, member("until", registered.body()));

    // 4. A question, signed by RFC 9421: these lines are the signature base, without one at its end.
    String target = url + "/v1/inquiry/ask";
    String body = "{\"key_kind\":\"national_id\",\"key\":\"9905251782\",\"purpose\":\"fuel_quota\"}";
    String digest = digestOf(body);
    long created = now();
    String params = "(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\")"
        + ";created=%d;expires=%d;nonce=\"%s\";keyid=\"%s\";alg=\"ed25519\";tag=\"mirab\""
            .formatted(created, created + 120, UUID.randomUUID(), keyid);
    String base = String.join("\n",
        "\"@method\": POST",
        "\"@target-uri\": " + target,
        "\"content-digest\": " + digest,
        "\"content-type\": application/json",
        "\"@signature-params\": " + params);
    String signature = "mirab=:%s:".formatted(Base64.getEncoder().encodeToString(sign(key, base)));
    HttpResponse<String> answer = HTTP.send(
        post(target, body)
            .header("Content-Digest", digest)
            .header("Signature-Input", "mirab=" + params)
            .header("Signature", signature)
            .build(),
        ofString());

    // 5. The answer is believed only if Mirab's key signed it, as the answer to this very question.
    String keys = HTTP.send(
        HttpRequest.newBuilder(URI.create(url + "/.well-known/jwks.json")).build(), ofString()).body();
    if (!isProven(answer, keys, target, digest, signature)) {
      stop("The answer is not proven to be Mirab's; do not use it.");
    }
    if (answer.statusCode() != 200) stop(answer.body());
    System.out.println(answer.body());
  }

  static boolean isProven(
      HttpResponse<String> answer, String keys, String target, String digest, String signature)
      throws GeneralSecurityException {
    String receipt = head(answer, "Mirab-Receipt"); // its promise, where the answer has one
    String covered = "(\"@status\" \"content-type\" \"content-digest\" \"@method\";req"
        + " \"@target-uri\";req \"content-digest\";req \"signature\";req"
        + (receipt.isEmpty() ? ")" : " \"mirab-receipt\")");
    String params = head(answer, "Signature-Input").replaceFirst("^mirab=", "");
    String base = String.join("\n",
        "\"@status\": " + answer.statusCode(),
        "\"content-type\": " + head(answer, "Content-Type"),
        "\"content-digest\": " + head(answer, "Content-Digest"),
        "\"@method\";req: POST",
        "\"@target-uri\";req: " + target,
        "\"content-digest\";req: " + digest,
        "\"signature\";req: " + signature
            + (receipt.isEmpty() ? "" : "\n\"mirab-receipt\": " + receipt),
        "\"@signature-params\": " + params);
    Signature check = Signature.getInstance("Ed25519");
    check.initVerify(serverKey(keys, group(";keyid=\"([^\"]+)\"", params)));
    check.update(base.getBytes(UTF_8));
    byte[] told = Base64.getDecoder().decode(group("^mirab=:(.*):$", head(answer, "Signature")));
    return params.startsWith(covered + ";")
        && head(answer, "Content-Digest").equals(digestOf(answer.body()))
        && check.verify(told);
  }

  // The key of that id in a JSON Web Key Set; a JSON library does this better.
  static PublicKey serverKey(String keys, String keyid) throws GeneralSecurityException {
    for (String jwk : group("\\[(.*)\\]", keys).split("\\},\\s*\\{")) {
      if (keyid.equals(member("kid", jwk))) {
        byte[] x = Base64.getUrlDecoder().decode(member("x", jwk));
        byte[] der = Arrays.copyOf(DER, DER.length + x.length);
        System.arraycopy(x, 0, der, DER.length, x.length);
        return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(der));
      }
    }
    throw new GeneralSecurityException("Mirab has no key " + keyid);
  }

  static HttpRequest.Builder post(String url, String body) {
    return HttpRequest.newBuilder(URI.create(url))
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body));
  }

  static byte[] sign(KeyPair key, String text) throws GeneralSecurityException {
    Signature signer = Signature.getInstance("Ed25519");
    signer.initSign(key.getPrivate());
    signer.update(text.getBytes(UTF_8));
    return signer.sign();
  }

  static byte[] sha256(byte[] bytes) throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-256").digest(bytes);
  }

  static String digestOf(String body) throws GeneralSecurityException {
    return "sha-256=:%s:".formatted(Base64.getEncoder().encodeToString(sha256(body.getBytes(UTF_8))));
  }

  static String base64url(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  static String head(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  static String member(String name, String json) {
    return group("\"" + name + "\":\\s*\"([^\"]*)\"", json);
  }

  static String group(String pattern, String text) {
    var match = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
    return match.find() ? match.group(1) : "";
  }

  static long now() {
    return Instant.now().getEpochSecond();
  }

  static void stop(String reason) {
    System.err.println("Not done. " + reason);
    System.exit(1);
  }
}
