#!/usr/bin/env bash
# Calls Mirab's Notify API with nothing but bash, openssl and curl.
#
#   NOTIFY_URL=http://127.0.0.1:8003 NOTIFY_API_KEY=name-SERVICE-SECRET \
#   bash notify.sh POST /v2/notifications/sms '{"phone_number":"09900000001","template_id":"..."}'
#   bash notify.sh GET /v2/templates
#
# openssl gets the secret as an argument, which other users of this machine could see in its list
# of processes: for a server of many users take a library of JWT.
# Exit codes: 0 done; 1 refused; 2 not tried.
set -euo pipefail

stop() { echo "Not done. $*" >&2; exit 2; }
url64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

for name in NOTIFY_URL NOTIFY_API_KEY; do
  [ -n "${!name:-}" ] || stop "Set $name; the head of $0 shows how."
done
[ $# -ge 2 ] || stop "Give a method, a path and, for POST, a body; the head of $0 shows how."
[ ${#NOTIFY_API_KEY} -gt 73 ] || stop "NOTIFY_API_KEY is a name, a service and a secret."

# The last 36 characters are the secret, the 36 before the dash before it the service.
secret=${NOTIFY_API_KEY: -36}
service=${NOTIFY_API_KEY: -73:36}
header=$(printf '{"typ":"JWT","alg":"HS256"}' | url64)
claims=$(printf '{"iss":"%s","iat":%s}' "$service" "$(date +%s)" | url64)
signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -hmac "$secret" -binary | url64)

told=(--silent --show-error --request "$1" --header 'Content-Type: application/json')
[ $# -lt 3 ] || told+=(--data-binary "$3")
# The token goes in by a pipe, so that no list of processes shows it.
answer=$(curl "${told[@]}" --write-out '\n%{http_code}' --header @<(
  printf 'Authorization: Bearer %s.%s.%s\n' "$header" "$claims" "$signature"
) "${NOTIFY_URL%/}$2") || stop "Mirab did not answer."
printf '%s\n' "${answer%$'\n'*}"
[[ ${answer##*$'\n'} == 2* ]] || exit 1
