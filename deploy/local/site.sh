#!/bin/sh
# Builds the site of the documents into .local/site (`make docs`); a link that leads nowhere ends it.
# Sphinx has an environment of its own, so that no page of the product depends on it.
set -eu
cd "$(dirname "$0")/../.."
env=.local/site-env
mkdir -p .local

if ! cmp -s requirements-docs.lock "$env/installed.lock"; then
    echo "  installing $(grep -c '==' requirements-docs.lock) packages that build the site" >&2
    .venv/bin/python -m venv --clear "$env"
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
        -r requirements-docs.lock >.local/site-install.log 2>&1 || {
        echo "The packages of the site could not be installed: $(tail -n 1 .local/site-install.log)" >&2; exit 1; }
    cp requirements-docs.lock "$env/installed.lock"
fi

.venv/bin/python -m contracts > docs/contracts.md
rm -rf .local/site
"$env/bin/sphinx-build" -q -W --keep-going -j auto -d .local/site-work/en -c docs/site docs .local/site
SITE_LANGUAGE=fa "$env/bin/sphinx-build" -q -W --keep-going -d .local/site-work/fa -c docs/site docs/fa .local/site/fa
echo "The site is in .local/site; open .local/site/index.html (Persian: .local/site/fa/index.html)."
