"""Samples for calls that are signed by Ed25519 (RFC 9421): the agency face."""

from gateway.reference.samples.form import (
    Call,
    Language,
    Sample,
    compact,
    filled,
    in_java,
    in_php,
    in_python,
    in_shell,
)

KEY_FILE, KEY_ID = "my-key.pem", "your-key-id"
LANGUAGES = (
    Language("curl", "curl", "bash, curl and OpenSSL 3"),
    Language("python", "Python", "Python 3.11 with the connector: pip install ./connector"),
    Language("node", "Node", "Node 18, without any package"),
    Language("java", "Java", "Java 17, without any library"),
    Language("php", "PHP", "PHP 8 with its extensions curl and sodium"),
)

CURL = r"""
key_file=__KEY_FILE__ key_id=__KEY_ID__
target=__URL__
body=__SHELL_BODY__
digest="sha-256=:$(printf %s "$body" | openssl dgst -sha256 -binary | openssl base64 -A):"
again="\"$(openssl rand -hex 16)\""  # the same key again is the same act, for 30 days
now=$(date +%s)
params="(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\" \"idempotency-key\")"
params="$params;created=$now;expires=$((now + 120));nonce=\"$(openssl rand -hex 16)\""
params="$params;keyid=\"$key_id\";alg=\"ed25519\";tag=\"mirab\""
base=$(mktemp)
printf %s "\"@method\": POST
\"@target-uri\": $target
\"content-digest\": $digest
\"content-type\": application/json
\"idempotency-key\": $again
\"@signature-params\": $params" > "$base"
signature=$(openssl pkeyutl -sign -rawin -inkey "$key_file" -in "$base" | openssl base64 -A)
curl -sS "$target" --data-binary "$body" -H 'Content-Type: application/json' \
  -H "Idempotency-Key: $again" -H "Content-Digest: $digest" \
  -H "Signature-Input: mirab=$params" -H "Signature: mirab=:$signature:"
"""

PYTHON = r"""
from connector.caller import Caller, load_key

caller = Caller("__BASE__", load_key("__KEY_FILE__", "__KEY_ID__"))
# It signs the question, and returns only what Mirab has signed as the answer to it.
answer = __PYTHON_CALL__
print(answer.data)
"""

NODE = r"""
// Save it as call.mjs; node call.mjs
import { createHash, createPrivateKey, randomUUID, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const key = createPrivateKey(readFileSync("__KEY_FILE__")), keyId = "__KEY_ID__";
const target = "__URL__";
const body = JSON.stringify(__JSON_BODY__);

const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
const again = `"${randomUUID()}"`; // the same key again is the same act, for 30 days
const now = Math.floor(Date.now() / 1000);
const params = '("@method" "@target-uri" "content-digest" "content-type" "idempotency-key")' +
  `;created=${now};expires=${now + 120};nonce="${randomUUID()}"` +
  `;keyid="${keyId}";alg="ed25519";tag="mirab"`;
const base = [
  '"@method": POST',
  `"@target-uri": ${target}`,
  `"content-digest": ${digest}`,
  '"content-type": application/json',
  `"idempotency-key": ${again}`,
  `"@signature-params": ${params}`,
].join("\n");
const answer = await fetch(target, {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
    "Content-Digest": digest,
    "Idempotency-Key": again,
    "Signature-Input": `mirab=${params}`,
    Signature: `mirab=:${sign(null, Buffer.from(base), key).toString("base64")}:`,
  },
  body,
});
console.log(answer.status, await answer.text());
"""

JAVA = r"""
// Save it as Call.java; java Call.java
import java.net.URI;
import java.net.http.*;
import java.nio.file.*;
import java.security.*;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;

public class Call {
  public static void main(String[] args) throws Exception {
    String pem = Files.readString(Path.of("__KEY_FILE__")).replaceAll("-----.*-----|\\s", "");
    PrivateKey key = KeyFactory.getInstance("Ed25519")
        .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    String keyId = "__KEY_ID__", target = "__URL__";
    byte[] body = __JAVA_BODY__.getBytes("UTF-8");

    byte[] hash = MessageDigest.getInstance("SHA-256").digest(body);
    String digest = "sha-256=:" + Base64.getEncoder().encodeToString(hash) + ":";
    String again = "\"" + UUID.randomUUID() + "\""; // the same key again is the same act
    long now = System.currentTimeMillis() / 1000;
    String params = "(\"@method\" \"@target-uri\" \"content-digest\" \"content-type\""
        + " \"idempotency-key\");created=" + now + ";expires=" + (now + 120) + ";nonce=\""
        + UUID.randomUUID() + "\";keyid=\"" + keyId + "\";alg=\"ed25519\";tag=\"mirab\"";
    String base = String.join("\n", "\"@method\": POST", "\"@target-uri\": " + target,
        "\"content-digest\": " + digest, "\"content-type\": application/json",
        "\"idempotency-key\": " + again, "\"@signature-params\": " + params);
    Signature signer = Signature.getInstance("Ed25519");
    signer.initSign(key);
    signer.update(base.getBytes("UTF-8"));
    HttpRequest request = HttpRequest.newBuilder(URI.create(target))
        .header("Content-Type", "application/json")
        .header("Content-Digest", digest)
        .header("Idempotency-Key", again)
        .header("Signature-Input", "mirab=" + params)
        .header("Signature", "mirab=:" + Base64.getEncoder().encodeToString(signer.sign()) + ":")
        .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(answer.statusCode() + " " + answer.body());
  }
}
"""

PHP = r"""
<?php
// Save it as call.php; php call.php
$pem = preg_replace('/-----.*?-----|\s/', '', file_get_contents('__KEY_FILE__'));
$pair = sodium_crypto_sign_seed_keypair(substr(base64_decode($pem), -32));
$key = sodium_crypto_sign_secretkey($pair);
$keyId = '__KEY_ID__';
$target = '__URL__';
$body = json_encode(__PHP_BODY__, JSON_UNESCAPED_UNICODE);

$digest = 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
$again = '"' . bin2hex(random_bytes(16)) . '"'; // the same key again is the same act, for 30 days
$now = time();
$params = '("@method" "@target-uri" "content-digest" "content-type" "idempotency-key")'
    . ";created=$now;expires=" . $now + 120 . ';nonce="' . bin2hex(random_bytes(16)) . '"'
    . ";keyid=\"$keyId\";alg=\"ed25519\";tag=\"mirab\"";
$base = implode("\n", [
    '"@method": POST',
    "\"@target-uri\": $target",
    "\"content-digest\": $digest",
    '"content-type": application/json',
    "\"idempotency-key\": $again",
    "\"@signature-params\": $params",
]);
$signature = base64_encode(sodium_crypto_sign_detached($base, $key));
$curl = curl_init($target);
curl_setopt_array($curl, [CURLOPT_POSTFIELDS => $body, CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => [
        'Content-Type: application/json',
        "Content-Digest: $digest",
        "Idempotency-Key: $again",
        "Signature-Input: mirab=$params",
        "Signature: mirab=:$signature:",
    ]]);
$answer = curl_exec($curl);
echo curl_getinfo($curl, CURLINFO_RESPONSE_CODE), ' ', $answer, "\n";
"""
_PROGRAMS = dict(zip(LANGUAGES, (CURL, PYTHON, NODE, JAVA, PHP), strict=True))


def samples(call: Call) -> list[Sample]:
    """Return a program for each language that makes the call and prints the answer."""
    body = compact(call.body)
    values = {
        "URL": call.base + call.path,
        "BASE": call.base,
        "NAME": call.name,
        "KEY_FILE": KEY_FILE,
        "KEY_ID": KEY_ID,
        "SHELL_BODY": in_shell(body),
        "PYTHON_CALL": _by_connector(call),
        "JSON_BODY": body,
        "PHP_BODY": in_php(call.body),
        "JAVA_BODY": in_java(body),
    }
    return [Sample(language, filled(program, values)) for language, program in _PROGRAMS.items()]


def _by_connector(call: Call) -> str:
    """The connector's function for a call; a batch is an upload there."""
    if call.name == "inquiry.submit_batch.v1" and isinstance(call.body, dict):
        keys, purpose = in_python(call.body["keys"]), in_python(call.body["purpose"])
        return f"caller.submit_batch({keys}, purpose={purpose})"
    return f'caller.call("{call.name}", {in_python(call.body)})'
