"""`python -m deploy.judge TOOLS`: each judge of what deploys Mirab, from the folder TOOLS.

Kinds of Kubernetes' own are judged by kubernetes-validate, those of operators by what the schemas
of their CRDs say of the words that we use (deploy/kubernetes/schemas), all by checkov; the units by
systemd-analyze; the migrations by squawk.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import yaml

from bus.process.private import own_files_only
from bus.wire import Wire
from deploy.local.state import CHECKOUT

KUBERNETES = CHECKOUT / "deploy/kubernetes"
UNITS = CHECKOUT / "deploy/systemd/units"
# systemd-analyze's own scale ends at 10; "OK" begins below 4.
MOST_EXPOSED = 2.0
# Images are pinned by digests in the overlay of an installation, which knows its registry.
SKIPPED = "CKV_K8S_43"
# Kubernetes' own kinds, which kubernetes-validate judges, and what Kustomize reads itself.
OWN = {
    *("Namespace", "ConfigMap", "Service", "Deployment", "Job", "PersistentVolumeClaim"),
    *("PodDisruptionBudget", "NetworkPolicy", "HorizontalPodAutoscaler", "Kustomization"),
}
EXPOSURE = re.compile(r"Overall exposure level for (\S+): ([\d.]+)")
PROGRAM = "/opt/mirab/.venv/bin/python"


def manifests() -> Iterator[tuple[str, Wire]]:
    """Each manifest of the base, with its file."""
    for path in sorted((KUBERNETES / "base").rglob("*.yaml")):
        for made in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            yield str(path.relative_to(KUBERNETES)), made


def operators() -> Iterator[str]:
    """What is wrong with manifests of operators' kinds, and kinds that nobody judges."""
    schemas = {
        path.stem: json.loads(path.read_text()) for path in KUBERNETES.glob("schemas/*.json")
    }
    for file, made in manifests():
        if made["kind"] in schemas:
            for error in jsonschema.Draft7Validator(schemas[made["kind"]]).iter_errors(made):
                yield f"{file}: {made['metadata']['name']}: {error.json_path}: {error.message}"
        elif made["kind"] not in OWN:
            yield f"{file}: nobody judges the kind {made['kind']}"


def kubernetes(tools: Path) -> Iterator[str]:
    """What kubernetes-validate and checkov say."""
    files = sorted(map(str, (KUBERNETES / "base").rglob("*.yaml")))
    done = _run([str(tools / "kubernetes-validate"), "--strict", *files])
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("ERROR")]
    yield from lines
    words = ("--framework", "kubernetes", "--compact", "--quiet", "--skip-download")
    base = str(KUBERNETES / "base")
    done = _run([str(tools / "checkov"), "-d", base, *words, "--skip-check", SKIPPED])
    yield from [line for line in done.stdout.splitlines() if line.startswith("Check:")]
    if done.returncode and "Check:" not in done.stdout:
        yield f"checkov: {(done.stderr or done.stdout)[-300:]}"


def systemd() -> Iterator[str]:
    """What systemd-analyze says; nothing is installed, so that the program stands for ours."""
    with tempfile.TemporaryDirectory() as home:
        for unit in UNITS.iterdir():
            text = unit.read_text(encoding="utf-8").replace(PROGRAM, sys.executable)
            (Path(home) / unit.name).write_text(text, encoding="utf-8")
        copies = sorted(str(path) for path in Path(home).iterdir())
        done = _run(["systemd-analyze", "verify", "--man=no", *copies])
        yield from [line for line in done.stderr.splitlines() if "mirab" in line]
        services = [copy for copy in copies if copy.endswith(".service")]
        done = _run(["systemd-analyze", "security", "--offline=true", "--no-pager", *services])
        scores = EXPOSURE.findall(done.stdout)
        if len(scores) != len(services):
            yield f"systemd-analyze judged {len(scores)} of {len(services)} units"
        for name, score in scores:
            if float(score) > MOST_EXPOSED:
                yield f"{name}: exposed {score}, more than {MOST_EXPOSED}"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)


def main(argv: list[str]) -> int:
    """0: nobody finds a fault."""
    tools = Path(argv[0])
    judges = {
        "operators' kinds": operators(),
        "kubernetes": kubernetes(tools),
        "systemd": systemd(),
    }
    faults = 0
    for name, judge in judges.items():
        findings = list(judge)
        faults += len(findings)
        print(f"  {name}: {f'{len(findings)} faults' if findings else 'well'}")
        for finding in findings:
            print(f"    {finding}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main(sys.argv[1:]))
