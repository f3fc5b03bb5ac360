# own_environment FOLDER LOCK TASK: sets `env` to an environment of its own with the packages of a lock, which it installs if
# they are others than last time. To be read by scripts that stand at the root of the checkout.
own_environment() {
    env=.local/$1
    mkdir -p .local
    cmp -s "$2" "$env/installed.lock" && return
    echo "  installing $(grep -c '==' "$2") packages that $3" >&2
    .venv/bin/python -m venv --clear "$env"
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        -r "$2" >"$env.log" 2>&1 || {
        echo "The packages that $3 could not be installed: $(tail -n 1 "$env.log")" >&2; exit 1; }
    cp "$2" "$env/installed.lock"
}
