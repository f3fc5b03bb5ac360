#!/bin/sh
# Prepares a Debian machine, once: a virtual environment with pinned, hashed packages in .venv, and
# RabbitMQ, ClamAV and Pango (for `test` Chromium, curl, Go, hledger, Java, nginx, Node, PHP, promtool
# and wrk too, for `bench` wrk, for `chaos` iptables and libfaketime) from the system's packages if
# they are not there. Says one clear sentence where it cannot.
set -eu
cd "$(dirname "$0")/../.."

say() { printf '  %s\n' "$*" >&2; }
fail() { printf 'Mirab cannot start: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1; then sudo "$@"
    else fail "'$1' needs root; run this as root or install sudo."; fi
}

apt_install() {
    command -v apt-get >/dev/null 2>&1 || fail "apt-get is not here; install $* by hand, then try again."
    if [ -z "${updated:-}" ]; then
        say "reading the list of Debian packages"
        as_root apt-get update -qq >"$log" 2>&1 || fail "apt-get update failed: $(tail -n 1 "$log")"
        updated=yes
    fi
    say "installing $* (a minute or two)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >"$log" 2>&1 || fail "apt-get install $* failed: $(tail -n 1 "$log")"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# dash runs no EXIT trap on a signal by itself.
trap 'exit 130' INT
trap 'exit 143' TERM

free=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free" -gt 1048576 ] || fail "less than 1 GiB is free on this disk."

# Debian's own is built with its optimisations: what one built by hand does in five seconds takes it
# four. Rather one that has all that a virtual environment needs, for nothing must be installed then.
find_python() {
    for modules in "sys, ensurepip, venv" sys; do
        for candidate in /usr/bin/python3.11 python3.11 python3; do
            "$candidate" -c "import $modules; sys.exit(sys.version_info[:2] != (3, 11))" 2>/dev/null && {
                echo "$candidate"; return; }
        done
    done
}

if [ ! -x .venv/bin/python ] || ! cmp -s requirements.lock .venv/installed.lock; then
    python=$(find_python)
    [ -n "$python" ] || { apt_install python3; python=$(find_python); }
    [ -n "$python" ] || fail "Python 3.11 is not here; on Debian 12 it is the package python3."
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "making .venv"
    "$python" -m venv --clear .venv >"$log" 2>&1 || fail "no virtual environment: $(tail -n 1 "$log")"
    say "installing $(grep -c '==' requirements.lock) pinned packages"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        -r requirements.lock >"$log" 2>&1 || fail "pip: $(tail -n 1 "$log")"
    cp requirements.lock .venv/installed.lock
fi

packages=
[ -n "${AMQP_URL:-}" ] || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || packages=rabbitmq-server
[ -x /usr/sbin/clamd ] || packages="$packages clamav-daemon"
# With these WeasyPrint shapes Persian in PDF documents.
for library in libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation; do
    [ -e "/usr/share/doc/$library" ] || packages="$packages $library"
done
# The examples of the documents are shell scripts, too.
for program in curl openssl; do
    if [ "${1:-}" = test ] && ! command -v "$program" >/dev/null 2>&1; then packages="$packages $program"; fi
done
if [ "${1:-}" = test ] && ! command -v hledger >/dev/null 2>&1; then packages="$packages hledger"; fi
# The documents' examples in other languages are run as their readers would; what compiles C# without
# .NET, which Debian has not, is not needed.
for language in node:nodejs php:php-cli java:default-jdk-headless go:golang-go; do
    if [ "${1:-}" = test ] && ! command -v "${language%%:*}" >/dev/null 2>&1; then
        packages="$packages ${language##*:}"
    fi
done
# The Notify API's example in PHP asks by curl, which is a package of its own.
if [ "${1:-}" = test ] && ! php -r 'exit(extension_loaded("curl") ? 0 : 1);' 2>/dev/null; then
    packages="$packages php-curl"
fi
if [ "${1:-}" = cluster ]; then
    for program in patroni etcd; do
        command -v "$program" >/dev/null 2>&1 || packages="$packages $(echo "$program" | sed s/etcd/etcd-server/)"
    done
fi
# Chromium without a window is enough for tests, and a whole one does too.
if [ "${1:-}" = test ] && ! command -v chromium-headless-shell >/dev/null 2>&1 \
    && ! command -v chromium >/dev/null 2>&1; then packages="$packages chromium-headless-shell"; fi
# nginx is the edge that we ship, run before the faces.
if [ "${1:-}" = test ] && [ ! -x /usr/sbin/nginx ]; then packages="$packages nginx-light"; fi
# promtool tries the alerts, amtool who is told of them; `make watch` runs both programs.
case "${1:-}" in
    test|watch)
        command -v promtool >/dev/null 2>&1 || packages="$packages prometheus"
        command -v amtool >/dev/null 2>&1 || packages="$packages prometheus-alertmanager" ;;
esac
# It tells of the disks of this machine.
if [ "${1:-}" = watch ] && ! command -v prometheus-node-exporter >/dev/null 2>&1; then
    packages="$packages prometheus-node-exporter"
fi
# wrk is the load of bench/.
case "${1:-}" in
    test|bench) command -v wrk >/dev/null 2>&1 || packages="$packages wrk" ;;
esac
# Faults cut links and move clocks.
if [ "${1:-}" = chaos ]; then
    [ -x /usr/sbin/iptables ] || packages="$packages iptables"
    [ -e /usr/share/doc/libfaketime ] || packages="$packages libfaketime"
    [ -x /usr/sbin/ip ] || [ -x /sbin/ip ] || packages="$packages iproute2"
fi
if [ -n "$packages" ]; then
    # Debian starts what it installs; this policy keeps the system's own from being started.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
        trap 'as_root rm -f "$policy"; rm -f "$log"' EXIT
    fi
    # shellcheck disable=SC2086 - one word a package
    apt_install $packages
fi
command -v setpriv >/dev/null 2>&1 || apt_install util-linux
