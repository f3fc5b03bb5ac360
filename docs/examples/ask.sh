#!/usr/bin/env bash
# Asks Mirab one question with nothing but bash, openssl (3.0 or newer) and curl, and believes the
# answer only if Mirab's signature binds it to this question.
#
#   MIRAB_URL=http://127.0.0.1:8001 MIRAB_KEY_FILE=our-key.pem MIRAB_KEY_ID=fuel-co-2026 \
#   MIRAB_SERVER_KEY=mirab-2026=BASE64 \
#   bash ask.sh '{"key_kind":"national_id","key":"9905251782","purpose":"fuel_quota"}'
#
# MIRAB_SERVER_KEY is the kid and the x of one key at $MIRAB_URL/.well-known/jwks.json.
# Where the address asks for a certificate: MIRAB_CERT_FILE, MIRAB_CERT_KEY_FILE, MIRAB_CA_FILE (PEM).
# IDEMPOTENCY_KEY (16 to 128 characters) asks the same again; EVIDENCE_DIR keeps what was exchanged.
# Exit codes: 0 answered; 1 refused by Mirab; 2 not tried, not answered, or not proven.
set -euo pipefail
umask 077

stop() { echo "Not done. $*" >&2; exit 2; }
digest() { openssl dgst -sha256 -binary "$1" | openssl base64 -A; }

for name in MIRAB_URL MIRAB_KEY_FILE MIRAB_KEY_ID MIRAB_SERVER_KEY; do
  [ -n "${!name:-}" ] || stop "Set $name; the head of $0 shows how."
done
[ $# -eq 1 ] || stop "Give the question as one JSON text; the head of $0 shows how."
[ -r "$MIRAB_KEY_FILE" ] || stop "The key file $MIRAB_KEY_FILE cannot be read."
tls=()
[ -z "${MIRAB_CERT_FILE:-}" ] || tls+=(--cert "$MIRAB_CERT_FILE")
[ -z "${MIRAB_CERT_KEY_FILE:-}" ] || tls+=(--key "$MIRAB_CERT_KEY_FILE")
[ -z "${MIRAB_CA_FILE:-}" ] || tls+=(--cacert "$MIRAB_CA_FILE")
for name in MIRAB_CERT_FILE MIRAB_CERT_KEY_FILE MIRAB_CA_FILE; do
  [ -z "${!name:-}" ] || [ -r "${!name}" ] || stop "$name: ${!name} cannot be read."
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
url="${MIRAB_URL%/}/v1/inquiry/ask"
printf '%s' "$1" > "$work/question"

# 1. Sign: the base ends without a newline, and each line is `"name": value`.
content_digest="sha-256=:$(digest "$work/question"):"
idempotency_key="\"${IDEMPOTENCY_KEY:-$(openssl rand -hex 16)}\""
created=$(date +%s)
covers='("@method" "@target-uri" "content-digest" "content-type" "idempotency-key")'
params="$covers;created=$created;expires=$((created + 120));nonce=\"$(openssl rand -hex 16)\""
params="$params;keyid=\"$MIRAB_KEY_ID\";alg=\"ed25519\";tag=\"mirab\""
printf '%s' "\"@method\": POST
\"@target-uri\": $url
\"content-digest\": $content_digest
\"content-type\": application/json
\"idempotency-key\": $idempotency_key
\"@signature-params\": $params" > "$work/base"
openssl pkeyutl -sign -rawin -inkey "$MIRAB_KEY_FILE" -in "$work/base" -out "$work/signed" \
  2> /dev/null || stop "$MIRAB_KEY_FILE holds no Ed25519 key (or openssl is older than 3.0)."
signature="mirab=:$(openssl base64 -A -in "$work/signed"):"

# 2. Send.
status=$(curl -q -sS ${tls[@]+"${tls[@]}"} --max-time 30 -o "$work/answer" -D "$work/headers" -w '%{http_code}' \
  --data-binary "@$work/question" -H "Content-Type: application/json" -H "Expect:" \
  -H "Content-Digest: $content_digest" -H "Idempotency-Key: $idempotency_key" \
  -H "Signature-Input: mirab=$params" -H "Signature: $signature" "$url") \
  || stop "$MIRAB_URL did not answer; ask again with IDEMPOTENCY_KEY=${idempotency_key//\"/}."
touch "$work/answer"

# 3. Verify: the answer's signature covers the answer and, marked ;req, our question.
header() {
  tr -d '\r' < "$work/headers" |
    awk -v n="$1:" 'index(tolower($0), n) == 1 { sub(/^[^:]*:[ \t]*/, ""); print }'
}
doubt() {
  stop "The answer (HTTP $status) is not proven: $1. Do not use it; ask again with" \
    "IDEMPOTENCY_KEY=${idempotency_key//\"/}."
}
keyid="${MIRAB_SERVER_KEY%%=*}" raw="${MIRAB_SERVER_KEY#*=}"
told=$(header signature-input)
[ -n "$told" ] || doubt "it is not signed"
covers='("@status" "content-type" "content-digest" "@method";req "@target-uri";req'
receipt=$(header mirab-receipt)  # the promise of a receipt, where the answer has one
covers="$covers \"content-digest\";req \"signature\";req${receipt:+ \"mirab-receipt\"})"
[[ "$told" == "mirab=$covers;"*";tag=\"mirab-answer\"" ]] || doubt "its signature covers too little"
[[ "$told" == *";keyid=\"$keyid\";"* ]] || doubt "it is signed by another key than $keyid"
[ "$(header content-digest)" = "sha-256=:$(digest "$work/answer"):" ] || doubt "its body was changed"
printf '%s' "\"@status\": $status
\"content-type\": $(header content-type)
\"content-digest\": $(header content-digest)
\"@method\";req: POST
\"@target-uri\";req: $url
\"content-digest\";req: $content_digest
\"signature\";req: $signature
${receipt:+\"mirab-receipt\": $receipt
}\"@signature-params\": ${told#mirab=}" > "$work/answer-base"
header signature | sed 's/^mirab=://; s/:$//' | openssl base64 -d -A > "$work/answer-signature"
# An Ed25519 public key in DER is this head and its 32 bytes; base64url is taken too.
{
  printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'
  printf '%s=' "${raw%=}" | tr '_-' '/+' | openssl base64 -d -A
} > "$work/mirab.der"
openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/mirab.der" \
  -in "$work/answer-base" -sigfile "$work/answer-signature" > /dev/null 2>&1 \
  || doubt "its signature does not hold"

if [ -n "${EVIDENCE_DIR:-}" ]; then
  mkdir -p "$EVIDENCE_DIR"
  cp "$work"/{question,base,answer,headers,answer-base,answer-signature} "$EVIDENCE_DIR/"
fi
if [ "$status" -ge 400 ]; then
  echo "Refused. $(cat "$work/answer")" >&2
  exit 1
fi
cat "$work/answer"
