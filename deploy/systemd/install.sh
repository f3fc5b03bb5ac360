#!/bin/sh
# Puts Mirab's units on a Debian machine, from the checkout in /opt/mirab; starts nothing (docs/deploy.md). A second run
# renews units and packages, and leaves settings and secrets alone.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || { echo "Run this as root." >&2; exit 1; }
[ "$PWD" = /opt/mirab ] || { echo "The checkout must be in /opt/mirab; it is in $PWD." >&2; exit 1; }

umask 022

install -m 0644 deploy/systemd/mirab.sysusers /usr/lib/sysusers.d/mirab.conf
install -m 0644 deploy/systemd/mirab.tmpfiles /usr/lib/tmpfiles.d/mirab.conf
systemd-sysusers mirab.conf
systemd-tmpfiles --create mirab.conf
[ -e /etc/mirab/mirab.env ] || install -m 0644 deploy/systemd/mirab.env /etc/mirab/mirab.env

if ! cmp -s requirements-image.lock .venv/installed.lock; then
    python3 -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-image.lock
    cp requirements-image.lock .venv/installed.lock
fi
.venv/bin/python -m compileall -q bus contracts deploy gateway iran members people services
# The parts run as users of their own and read what is ours here, however strict the umask of whoever cloned it; not what
# an operator keeps beside it, such as ./secrets and .env.
chmod go+rX .
chmod -R go+rX .venv bus connector contracts deploy docs gateway iran members people services

install -m 0644 deploy/systemd/units/* /etc/systemd/system/
systemctl daemon-reload 2>/dev/null || echo "systemd does not run here; the units are in place."
echo "Next: /etc/mirab/mirab.env, /etc/mirab/secrets, then systemctl enable --now mirab.target (docs/deploy.md)."
