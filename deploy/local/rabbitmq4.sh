#!/bin/sh
# RabbitMQ 4 in a folder, from Debian 13's packages, for tests on a machine that has 3: nothing of this
# system is changed. Run the tests with RABBITMQ_ROOT=FOLDER (docs/testing.md).
set -eu
root=${1:-/var/lib/mirab/debian13}
[ "$(id -u)" = 0 ] || { echo "Only root can make and use another system's root."; exit 1; }
[ -x "$root/usr/lib/rabbitmq/bin/rabbitmq-server" ] && { echo "$root"; exit 0; }
command -v debootstrap >/dev/null || { echo "Install the package debootstrap."; exit 1; }
rm -rf "$root.new"
debootstrap --variant=minbase --include=rabbitmq-server trixie "$root.new" >"$root.log" 2>&1 ||
	{ tail -n 3 "$root.log"; exit 1; }
mv "$root.new" "$root"
echo "$root"
