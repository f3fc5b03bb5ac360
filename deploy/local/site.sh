#!/bin/sh
# Builds the site of the documents into .local/site (`make docs`); a link that leads nowhere ends it.
# Sphinx has an environment of its own, so that no page of the product depends on it.
set -eu
cd "$(dirname "$0")/../.."
. deploy/local/environment.sh
own_environment site-env requirements-docs.lock "build the site"

.venv/bin/python -m contracts > docs/contracts.md
rm -rf .local/site
"$env/bin/sphinx-build" -q -W --keep-going -j auto -d .local/site-work/en -c docs/site docs .local/site
SITE_LANGUAGE=fa "$env/bin/sphinx-build" -q -W --keep-going -d .local/site-work/fa -c docs/site docs/fa .local/site/fa
echo "The site is in .local/site; open .local/site/index.html (Persian: .local/site/fa/index.html)."
