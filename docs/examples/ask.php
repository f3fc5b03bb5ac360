<?php
// One question in PHP 8 with its extensions curl and sodium: a request signed by RFC 9421 with a key
// of yours. first_call.php makes such a key, and proves the answer, too.
//
//   php docs/examples/ask.php http://127.0.0.1:8001 my-key.pem my-key-id
[, $url, $file, $keyid] = $argv;
$url .= '/v1/inquiry/ask';
$body = '{"key_kind":"national_id","key":"9905251782","purpose":"fuel_quota"}';
$seed = substr(base64_decode(preg_replace('/-----.*?-----/', '', file_get_contents($file))), -32); // of PKCS #8
$secret = sodium_crypto_sign_secretkey(sodium_crypto_sign_seed_keypair($seed));
$digest = 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
$params = '("@method" "@target-uri" "content-digest" "content-type");created=' . time() . ';expires=' . time() + 120 . ';nonce="' . bin2hex(random_bytes(16)) . "\";keyid=\"$keyid\";alg=\"ed25519\";tag=\"mirab\"";
$signature = base64_encode(sodium_crypto_sign_detached("\"@method\": POST\n\"@target-uri\": $url\n\"content-digest\": $digest\n\"content-type\": application/json\n\"@signature-params\": $params", $secret));
$curl = curl_init($url);
curl_setopt_array($curl, [CURLOPT_POSTFIELDS => $body, CURLOPT_HTTPHEADER => ['Content-Type: application/json', "Content-Digest: $digest", "Signature-Input: mirab=$params", "Signature: mirab=:$signature:"]]);
exit(curl_exec($curl) ? 0 : 1);
