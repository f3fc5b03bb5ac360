#!/usr/bin/env bash
# The first call of a newcomer to the sandbox with nothing but bash, openssl (3.0 or newer) and curl:
# a key of one's own, an entry, a question. The question is asked by ask.sh, which stands beside it.
#
#   bash docs/examples/first_call.sh http://127.0.0.1:8001 my-key.pem
#
# Exit codes: 0 answered; 1 refused by Mirab; 2 not tried, not answered, or not proven.
set -euo pipefail
umask 077

stop() { echo "Not done. $*" >&2; exit 2; }
# The first text of that name in a JSON answer of ours, which has no blanks.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
member() { grep -o "\"$1\":\"[^\"]*\"" "$2" | head -n 1 | cut -d '"' -f 4; }

for program in curl openssl grep cut tr tail head mktemp date dirname; do
  command -v "$program" > /dev/null || stop "This needs the program $program; install it first."
done
case $(openssl version) in
  "OpenSSL "[3-9]*) ;;
  *) stop "This needs OpenSSL 3.0 or newer, not $(openssl version)." ;;
esac
ask=$(dirname "$0")/ask.sh
[ -r "$ask" ] || stop "Copy ask.sh too, into the folder of this script: $ask is not there."
[ $# -eq 2 ] || stop "Give Mirab's address and a file for your key; the head of $0 shows how."
url=${1%/} key_file=$2
[ ! -e "$key_file" ] || stop "$key_file exists, and a key is never overwritten."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 1. A key: the private half stays in the file, the last 32 bytes of the public half are registered.
openssl genpkey -algorithm ed25519 -out "$key_file"
public=$(openssl pkey -in "$key_file" -pubout -outform DER | tail -c 32 | openssl base64 -A)

# 2. A proof that the key is yours: a JWS by it over its thumbprint (RFC 7638) and the time.
x=$(printf %s "$public" | tr '+/' '-_' | tr -d '=')
thumbprint=$(printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$x" | openssl dgst -sha256 -binary | base64url)
header=$(printf '{"typ":"mirab-key-proof+jwt","alg":"EdDSA"}' | base64url)
claims=$(printf '{"sub":"sandbox","jkt":"%s","iat":%s}' "$thumbprint" "$(date +%s)" | base64url)
printf %s "$header.$claims" > "$work/proof"
proof=$header.$claims.$(openssl pkeyutl -sign -rawin -inkey "$key_file" -in "$work/proof" | base64url)

# 3. An entry in the register, for a month. What it may do is told.
status=$(curl -q -sS --max-time 30 -o "$work/entry" -w '%{http_code}' \
  -H 'Content-Type: application/json' \
  --data-binary "{\"name\":\"First call with openssl\",\"public_key\":\"$public\",\"proof\":\"$proof\"}" \
  "$url/sandbox/agencies") || stop "$url did not answer."
[ "$status" = 201 ] || { cat "$work/entry" >&2; exit 1; }
echo "You are $(member code "$work/entry"), your key is $(member key_id "$work/entry"), until" \
  "$(member until "$work/entry")."

# 4. A question, by ask.sh beside this file: it signs, and believes the answer only if Mirab's key,
# which is asked for once here, signed it.
curl -q -sSf --max-time 30 -o "$work/keys" "$url/.well-known/jwks.json" || stop "$url has no keys."
MIRAB_URL=$url MIRAB_KEY_FILE=$key_file MIRAB_KEY_ID=$(member key_id "$work/entry") \
  MIRAB_SERVER_KEY="$(member kid "$work/keys")=$(member x "$work/keys")" \
  bash "$ask" \
  '{"key_kind":"national_id","key":"9905251782","purpose":"fuel_quota"}'
