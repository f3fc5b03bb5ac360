#!/bin/sh
# Makes what docker-compose.yml needs before its first start: folders, keys, passwords, .env. Run it where that file is;
# what is there already stays as it is. Passwords and keys are readable on this machine by root and by you alone.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets/broker secrets/agencies imports register desk open311 treasury notices agency-broker edge-tls

password() { openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n'; }
once() { [ -e "$1" ] || "$2" > "$1"; }
key() { openssl genpkey -algorithm ed25519; }

for name in inquiry-log ticketing portal desk billing notify agencies; do once "secrets/$name-key" password; done
once secrets/metrics-token password
# Other organisations' Open311 endpoints; empty, no ticket is sent on.
once secrets/cities.toml true
for name in signing register receipts mirab-ops; do once "secrets/$name.pem" key; done
# One user of the broker a part (deploy/broker/rights.py).
for service in inquiry ticketing billing notify agencies; do
    once "secrets/broker/$service" password
    once "secrets/broker/$service-relay" password
done
for face in public agency ops desk notify-api; do once "secrets/broker/$face" password; done

touch .env
set_once() { grep -q "^$1=" .env || printf '%s=%s\n' "$1" "$2" >> .env; }
for name in RABBITMQ AGENCY_RABBITMQ POSTGRES; do set_once "${name}_PASSWORD" "$(password)"; done
# Of each database its service's role, and the owner as whom migrations run.
for name in INQUIRY TICKETING BILLING NOTIFY AGENCIES; do
    set_once "${name}_PASSWORD" "$(password)"
    set_once "${name}_OWNER_PASSWORD" "$(password)"
done
set_once REGISTER_PUBLIC_KEY "$(openssl pkey -in secrets/register.pem -pubout -outform DER | tail -c 32 | base64)"

# In the containers everything runs as user 999, the edge as 101; each file is mounted alone, so nobody else sees it.
# Other folders of configuration are read by 999 too, and hold no secret of ours.
own='chown -R 999 secrets imports desk treasury notices open311 register agency-broker; chown -R 101 edge-tls'
if [ "$(id -u)" -eq 0 ]; then sh -c "$own"; else echo "Run as root: $own   (the users of the containers)"; fi

missing=
for name in PUBLIC_HOST AGENCY_HOST NOTIFY_HOST DESK_HOST SMTP_URL; do grep -q "^$name=" .env || missing="$missing $name"; done
[ -z "$missing" ] || echo "Set in .env:$missing"
for file in secrets/psps.toml secrets/providers.toml; do [ -e "$file" ] || echo "Write $file (.env.example tells what it is)."; done
for folder in desk treasury notices open311 register; do
    [ -n "$(ls -A "$folder")" ] || echo "Put your own files into $folder, after the demo's in deploy/ (never its keys)."
done
for file in server.crt server.key; do
    [ -e "agency-broker/$file" ] || echo "Put agency-broker/$file there: the agencies' broker's certificate and key."
done
for file in public.crt public.key desk.crt desk.key notify.crt notify.key agency.crt agency.key agencies-ca.crt; do
    [ -e "edge-tls/$file" ] || echo "Put edge-tls/$file there: the edge's certificates and keys, and the CA of agencies' certificates."
done
