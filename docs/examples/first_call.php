<?php
// The first call of a newcomer to the sandbox in PHP 8 with its extensions curl and sodium: a key of
// one's own, an entry, a question.
//
//   php docs/examples/first_call.php http://127.0.0.1:8001 my-key.pem
declare(strict_types=1);

[, $url, $keyFile] = $argv;

function stop(string $reason): never
{
    fwrite(STDERR, "Not done. $reason\n");
    exit(1);
}

function base64url(string $bytes): string
{
    return sodium_bin2base64($bytes, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
}

function digest_of(string $body): string
{
    return 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
}

/** @return array{int, array<string, string>, string} status, headers and body */
function send(string $url, ?string $body = null, array $headers = []): array
{
    $told = [];
    $curl = curl_init($url);
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 30,
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_HEADERFUNCTION => function ($curl, string $line) use (&$told): int {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $told[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $body);
    }
    $answer = curl_exec($curl);
    if ($answer === false) {
        stop(curl_error($curl));
    }
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $told, $answer];
}

// 1. A key: the private half stays in the file (PKCS #8), the public half is registered.
$seed = random_bytes(SODIUM_CRYPTO_SIGN_SEEDBYTES);
$pair = sodium_crypto_sign_seed_keypair($seed);
$secret = sodium_crypto_sign_secretkey($pair);
umask(0077);
$file = @fopen($keyFile, 'x') ?: stop("$keyFile exists or cannot be written.");
$der = base64_encode(hex2bin('302e020100300506032b657004220420') . $seed);
fwrite($file, "-----BEGIN PRIVATE KEY-----\n$der\n-----END PRIVATE KEY-----\n");
fclose($file);

// 2. A proof that the key is yours: a JWS by it over its thumbprint (RFC 7638) and the time.
$jwk = ['crv' => 'Ed25519', 'kty' => 'OKP', 'x' => base64url(sodium_crypto_sign_publickey($pair))];
$claims = ['sub' => 'sandbox', 'jkt' => base64url(hash('sha256', json_encode($jwk), true)), 'iat' => time()];
$proven = base64url('{"typ":"mirab-key-proof+jwt","alg":"EdDSA"}') . '.' . base64url(json_encode($claims));
$proof = $proven . '.' . base64url(sodium_crypto_sign_detached($proven, $secret));

// 3. An entry in the register, for a month. What it may do is told.
$json = ['Content-Type: application/json'];
$entry = json_encode(['name' => 'First call in PHP', 'jwk' => $jwk, 'proof' => $proof]);
[$status, , $told] = send("$url/sandbox/agencies", $entry, $json);
if ($status !== 201) {
    stop($told);
}
$agency = json_decode($told);
echo "You are $agency->code, your key is $agency->key_id, until $agency->until.\n";

// 4. A question, signed by RFC 9421: these lines are the signature base, without one at its end.
$target = "$url/v1/inquiry/ask";
$body = json_encode(['key_kind' => 'national_id', 'key' => '9905251782', 'purpose' => 'fuel_quota']);
$digest = digest_of($body);
$created = time();
$params = '("@method" "@target-uri" "content-digest" "content-type")'
    . ";created=$created;expires=" . $created + 120 . ';nonce="' . base64url(random_bytes(16)) . '"'
    . ";keyid=\"$agency->key_id\";alg=\"ed25519\";tag=\"mirab\"";
$base = implode("\n", [
    '"@method": POST',
    "\"@target-uri\": $target",
    "\"content-digest\": $digest",
    '"content-type": application/json',
    "\"@signature-params\": $params",
]);
$signature = 'mirab=:' . base64_encode(sodium_crypto_sign_detached($base, $secret)) . ':';
[$status, $headers, $answer] = send($target, $body, [
    ...$json,
    "Content-Digest: $digest",
    "Signature-Input: mirab=$params",
    "Signature: $signature",
]);

// 5. The answer is believed only if Mirab's key signed it, as the answer to this very question.
$params = preg_replace('/^mirab=/', '', $headers['signature-input'] ?? '');
$receipt = $headers['mirab-receipt'] ?? ''; // the promise of a receipt, where the answer has one
$covered = '("@status" "content-type" "content-digest" "@method";req "@target-uri";req "content-digest";req "signature";req'
    . ($receipt === '' ? ');' : ' "mirab-receipt");');
preg_match('/;keyid="([^"]+)"/', $params, $keyid);
preg_match('/:(.*):/', $headers['signature'] ?? '', $made);
[, , $jwks] = send("$url/.well-known/jwks.json");
$keys = array_column(json_decode($jwks)->keys, 'x', 'kid');
$base = implode("\n", [
    "\"@status\": $status",
    '"content-type": ' . ($headers['content-type'] ?? ''),
    '"content-digest": ' . ($headers['content-digest'] ?? ''),
    '"@method";req: POST',
    "\"@target-uri\";req: $target",
    "\"content-digest\";req: $digest",
    "\"signature\";req: $signature",
    ...($receipt === '' ? [] : ["\"mirab-receipt\": $receipt"]),
    "\"@signature-params\": $params",
]);
$isProven = isset($keyid[1], $made[1], $keys[$keyid[1]])
    && str_starts_with($params, $covered)
    && ($headers['content-digest'] ?? '') === digest_of($answer)
    && strlen($made = base64_decode($made[1])) === SODIUM_CRYPTO_SIGN_BYTES
    && sodium_crypto_sign_verify_detached(
        $made,
        $base,
        sodium_base642bin($keys[$keyid[1]], SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING),
    );
if (!$isProven) {
    stop("The answer is not proven to be Mirab's; do not use it.");
}
if ($status !== 200) {
    stop($answer);
}
echo "$answer\n";
