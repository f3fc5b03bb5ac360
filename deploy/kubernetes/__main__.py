"""`python -m deploy.kubernetes [--check]`: write the base; 1 with --check if it differs."""

import sys
from pathlib import Path

import yaml

from bus.process.private import own_files_only
from deploy.kubernetes import around, parts, shared
from deploy.kubernetes.parts import Manifest

FOLDER = Path(__file__).parent / "base"
MADE = (
    "# Made by `python -m deploy.kubernetes` from docker-compose.yml; change that, or an overlay.\n"
)


class Plain(yaml.SafeDumper):
    """No anchors: each manifest stands for itself."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def files() -> dict[str, str]:
    """Each file below the folder ``base``, with its text."""
    made: dict[str, list[Manifest]] = {}
    for name, manifests in parts.manifests():
        made["jobs.yaml" if name == "jobs" else f"parts/{name}.yaml"] = manifests
    for name, manifests in (*shared.manifests(), *around.manifests()):
        made[f"{name}.yaml"] = manifests
    kustomization: Manifest = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "mirab",
        "resources": sorted(made),
    }
    made["kustomization.yaml"] = [kustomization]
    return {name: MADE + _dump(manifests) for name, manifests in made.items()}


def _dump(manifests: list[Manifest]) -> str:
    return "---\n".join(
        yaml.dump(entry, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110)
        for entry in manifests
    )


def main(argv: list[str]) -> int:
    """Write what differs, or say it."""
    made = files()
    present = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*.yaml")}
    differing = [name for name in present if name not in made]
    for name, text in made.items():
        path = FOLDER / name
        if name not in present or path.read_text(encoding="utf-8") != text:
            differing.append(name)
            if "--check" not in argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if differing and "--check" in argv:
        print("These differ; run python -m deploy.kubernetes:", *differing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main(sys.argv[1:]))
