#!/bin/sh
# Judges what deploys Mirab, offline (`make deploy-check`): Kubernetes' manifests by their schemas and a policy tool, units
# by systemd itself. The tools have an environment of their own. With `sbom` it
# writes the bill of materials of our image, with `audit` it asks for known faults of its packages.
set -eu
cd "$(dirname "$0")/.."
. deploy/local/environment.sh
own_environment deploy-env requirements-deploy.lock "judge deploy/"

case "${1:-}" in
sbom)
    "$env/bin/cyclonedx-py" requirements requirements-image.lock --output-format JSON --output-reproducible \
        --outfile .local/sbom.json
    echo "The bill of materials (CycloneDX) of our image is in .local/sbom.json."
    exit ;;
audit)
    # Needs the network: PyPI's own list of known faults.
    if "$env/bin/pip-audit" --strict --disable-pip --require-hashes -r requirements-image.lock >.local/audit.txt 2>&1
    then cat .local/audit.txt; exit 0; fi
    if grep -q "not found on PyPI\|Connection\|timed out" .local/audit.txt; then
        echo "Nothing was audited: the list of known faults (pypi.org/pypi/NAME/json) cannot be read from here. The tool says:" >&2
        tail -n 1 .local/audit.txt >&2
        exit 2
    fi
    cat .local/audit.txt >&2
    exit 1 ;;
esac

failed=
.venv/bin/python -m deploy.kubernetes --check || failed=yes
.venv/bin/python -m deploy.systemd --check || failed=yes
.venv/bin/python -m deploy.judge "$env/bin" || failed=yes
[ -z "$failed" ] || exit 1
echo "deploy/ is as it should be."
