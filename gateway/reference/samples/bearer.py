"""Samples for calls that carry a JWT by HS256 made of an API key: the Notify API."""

from gateway.reference.samples.form import (
    Call,
    Language,
    Sample,
    compact,
    filled,
    in_php,
    in_python,
    in_shell,
)

KEY = "your-api-key"
LANGUAGES = (
    Language("curl", "curl", "bash, curl and openssl"),
    Language("python", "Python", "Python 3, without any package"),
    Language("node", "Node", "Node 18, without any package"),
    Language("php", "PHP", "PHP 8 with its extension curl"),
)

CURL = r"""
key='__KEY__'
secret=${key: -36} service=${key: -73:36}
url64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
claims=$(printf '{"iss":"%s","iat":%s}' "$service" "$(date +%s)" | url64)
token=$(printf '{"typ":"JWT","alg":"HS256"}' | url64).$claims
token=$token.$(printf %s "$token" | openssl dgst -sha256 -hmac "$secret" -binary | url64)
curl -sS -X __METHOD__ __URL__ -H "Authorization: Bearer $token"__CURL_BODY__
"""

PYTHON = r"""
import base64, hashlib, hmac, json, time, urllib.request

key = "__KEY__"
secret, service = key[-36:], key[-73:-37]
b64 = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=")
claims = {"iss": service, "iat": int(time.time())}
token = b64(b'{"typ":"JWT","alg":"HS256"}') + b"." + b64(json.dumps(claims).encode())
token += b"." + b64(hmac.digest(secret.encode(), token, "sha256"))
request = urllib.request.Request(
    "__URL__",
    method="__METHOD__",
    headers={"Authorization": f"Bearer {token.decode()}", "Content-Type": "application/json"},
    data=__PYTHON_BODY__,
)
try:
    answer = urllib.request.urlopen(request)
except urllib.request.HTTPError as refused:
    answer = refused
print(answer.status, answer.read().decode())
"""

NODE = r"""
// Save it as call.mjs; node call.mjs
import { createHmac } from "node:crypto";

const key = "__KEY__";
const secret = key.slice(-36), service = key.slice(-73, -37);
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = Math.floor(Date.now() / 1000);
let token = `${b64({ typ: "JWT", alg: "HS256" })}.${b64({ iss: service, iat: now })}`;
token += `.${createHmac("sha256", secret).update(token).digest("base64url")}`;
const answer = await fetch("__URL__", {
  method: "__METHOD__",
  headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
  body: __NODE_BODY__,
});
console.log(answer.status, await answer.text());
"""

PHP = r"""
<?php
// Save it as call.php; php call.php
$key = '__KEY__';
[$secret, $service] = [substr($key, -36), substr($key, -73, 36)];
$b64 = fn(string $bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
$claims = json_encode(['iss' => $service, 'iat' => time()]);
$token = $b64('{"typ":"JWT","alg":"HS256"}') . '.' . $b64($claims);
$token .= '.' . $b64(hash_hmac('sha256', $token, $secret, true));
$curl = curl_init('__URL__');
curl_setopt_array($curl, [
    CURLOPT_CUSTOMREQUEST => '__METHOD__',
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => [
        "Authorization: Bearer $token",
        'Content-Type: application/json',
    ],__PHP_BODY__
]);
$answer = curl_exec($curl);
echo curl_getinfo($curl, CURLINFO_RESPONSE_CODE), ' ', $answer, "\n";
"""
_PROGRAMS = dict(zip(LANGUAGES, (CURL, PYTHON, NODE, PHP), strict=True))


def samples(call: Call) -> list[Sample]:
    """Return a program for each language that makes the call and prints the answer."""
    has_body = call.body is not None
    text = compact(call.body)
    values = {
        "URL": call.base + call.path,
        "METHOD": call.method,
        "KEY": KEY,
        "CURL_BODY": f" \\\n  -H 'Content-Type: application/json' --data-binary {in_shell(text)}"
        if has_body
        else "",
        "PYTHON_BODY": f"json.dumps({in_python(call.body)}).encode()" if has_body else "None",
        "NODE_BODY": f"JSON.stringify({text})" if has_body else "undefined",
        "PHP_BODY": f"\n    CURLOPT_POSTFIELDS => json_encode({in_php(call.body)}),"
        if has_body
        else "",
    }
    return [Sample(language, filled(program, values)) for language, program in _PROGRAMS.items()]
