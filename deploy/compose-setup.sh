#!/bin/sh
# Makes what docker-compose.yml needs before its first start: folders, keys, passwords, .env. Run it where that file is;
# what is there already stays as it is. Passwords and keys are readable on this machine by root and by you alone.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets/broker secrets/agencies imports register desk open311 treasury notices agency-broker

password() { openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n'; }
once() { [ -e "$1" ] || "$2" > "$1"; }
key() { openssl genpkey -algorithm ed25519; }

for name in inquiry-log ticketing portal desk billing notify agencies; do once "secrets/$name-key" password; done
for name in signing register mirab-ops; do once "secrets/$name.pem" key; done
# One user of the broker a part (deploy/broker/rights.py).
for service in inquiry ticketing billing notify agencies; do
    once "secrets/broker/$service" password
    once "secrets/broker/$service-relay" password
done
for face in public agency ops notify-api; do once "secrets/broker/$face" password; done

touch .env
set_once() { grep -q "^$1=" .env || printf '%s=%s\n' "$1" "$2" >> .env; }
for name in RABBITMQ AGENCY_RABBITMQ POSTGRES INQUIRY TICKETING BILLING NOTIFY AGENCIES; do
    set_once "${name}_PASSWORD" "$(password)"
done
set_once REGISTER_PUBLIC_KEY "$(openssl pkey -in secrets/register.pem -pubout -outform DER | tail -c 32 | base64)"

# In the containers everything runs as this user; each file is mounted alone, so nobody else sees it.
if [ "$(id -u)" -eq 0 ]; then chown -R 999 secrets imports; else
    echo "Run as root: chown -R 999 secrets imports   (the user of the containers)"; fi

missing=
for name in PUBLIC_URL DESK_URL AGENCY_BASE_URL NOTIFY_API_URL TRUSTED_PROXIES SMTP_URL; do grep -q "^$name=" .env || missing="$missing $name"; done
[ -z "$missing" ] || echo "Set in .env:$missing"
for file in secrets/psps.toml secrets/providers.toml; do [ -e "$file" ] || echo "Write $file (.env.example tells what it is)."; done
for folder in desk treasury notices open311 register; do
    [ -n "$(ls -A "$folder")" ] || echo "Put your own files into $folder, after the demo's in deploy/ (never its keys)."
done
[ -n "$(ls -A agency-broker)" ] || echo "Put the agencies' broker's certificate and key into agency-broker."
