"""docker-compose.yml as `docker compose` reads it, and what podman is given for a service of it.

podman-compose 1.0, which Debian 12 has, knows neither `service_completed_successfully` nor two
networks with addresses; so the file is read here. A word that this does not know ends the run.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bus.wire import Wire
from deploy.compose_test.engine import Failed

VARIABLE = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")
# What stands in a service and is no word of podman by itself.
ELSEWHERE = {"build", "image", "depends_on", "healthcheck", "networks", "command", "entrypoint"}
PLAIN = {
    "user": "--user",
    "mem_limit": "--memory",
    "pids_limit": "--pids-limit",
    "shm_size": "--shm-size",
    "restart": "--restart",
}
LISTS = {
    "cap_drop": "--cap-drop",
    "security_opt": "--security-opt",
    "ports": "--publish",
}

# What YAML holds has no types of ours.
Read = Wire


class Service(NamedTuple):
    """One service: how podman runs it, when it may start, how it says that it is well."""

    name: str
    image: str
    part: str
    options: tuple[str, ...]
    command: tuple[str, ...]
    needs: Mapping[str, str]
    health: tuple[str, ...]
    ends: bool


class Compose:
    """The file in ``folder``, with the variables of its `.env`."""

    def __init__(self, file: Path, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder, self._variables = folder, variables
        self._read: Read = self._filled(yaml.safe_load(file.read_text(encoding="utf-8")))
        self.name: str = self._read["name"]

    def services(self) -> Iterator[Service]:
        """Each service, those first that others wait for."""
        made: dict[str, Read] = self._read["services"]
        done: set[str] = set()
        while len(done) < len(made):
            ready = [n for n in made if n not in done and set(_needs(made[n])) <= done]
            if not ready:
                raise Failed(f"services wait for each other: {sorted(set(made) - done)}")
            for name in ready:
                yield self._service(name, made[name])
            done.update(ready)

    def networks(self) -> Iterator[tuple[str, list[str]]]:
        """Each network's name, and the words of `podman network create`."""
        for name, how in self._read["networks"].items():
            ranges = ((how or {}).get("ipam") or {}).get("config") or []
            yield (
                f"{self.name}_{name}",
                [
                    *(["--internal"] if (how or {}).get("internal") else []),
                    *[f"--subnet={entry['subnet']}" for entry in ranges],
                ],
            )

    def _filled(self, value: Any) -> Any:
        """The value with its variables replaced, at any depth."""
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        return VARIABLE.sub(self._variable, value) if isinstance(value, str) else value

    def _variable(self, match: re.Match[str]) -> str:
        name, mark, rest = match.groups()
        if value := self._variables.get(name, ""):
            return value
        if mark == ":?":
            raise Failed(f"docker-compose.yml needs {name}: {rest}")
        return rest or ""

    def _service(self, name: str, made: Read) -> Service:
        part = (made.get("build") or {}).get("args", {}).get("PART", "")
        entrypoint = made.get("entrypoint")
        return Service(
            name,
            made.get("image") or image_of(part),
            part,
            (
                *self._options(name, made),
                *([f"--entrypoint={entrypoint[0]}"] if entrypoint else []),
            ),
            tuple(made.get("command", ())),
            _needs(made),
            tuple((made.get("healthcheck") or {}).get("test", ())),
            made.get("restart") == "no",
        )

    def _options(self, name: str, made: Read) -> Iterator[str]:
        ways: dict[str, Callable[[Any], Iterable[str]]] = {
            "read_only": lambda _: ("--read-only", "--read-only-tmpfs=false"),
            # Docker copies nothing of the image into it.
            "tmpfs": lambda value: (f"--tmpfs={entry},notmpcopyup" for entry in value),
            "stop_grace_period": lambda value: (f"--stop-timeout={value.removesuffix('s')}",),
            "environment": lambda value: (f"--env={key}={entry}" for key, entry in value.items()),
            "volumes": lambda value: (f"--volume={self._volume(entry)}" for entry in value),
            "secrets": lambda value: (f"--volume={self._secret(entry)}" for entry in value),
        }
        for word, value in made.items():
            if word in PLAIN:
                yield f"{PLAIN[word]}={value}"
            elif word in LISTS:
                yield from (f"{LISTS[word]}={entry}" for entry in value)
            elif word in ways:
                yield from ways[word](value)
            elif word not in ELSEWHERE:
                raise Failed(f"docker-compose.yml: {name} has the word {word}, unknown here")
        yield from self._joined(name, made)

    def _volume(self, text: str) -> str:
        source, rest = text.split(":", 1)
        local = source.startswith(".")
        return f"{self._folder / source if local else f'{self.name}_{source}'}:{rest}"

    def _secret(self, entry: str | Read) -> str:
        source, target = (
            (entry, entry) if isinstance(entry, str) else (entry["source"], entry["target"])
        )
        file = self._folder / self._read["secrets"][source]["file"]
        if not file.is_file():
            raise Failed(f"the secret {source} needs the file {file}")
        return f"{file}:/run/secrets/{target}:ro"

    def _joined(self, name: str, made: Read) -> Iterator[str]:
        networks = made.get("networks", [])
        for network in networks:
            how = (networks[network] if isinstance(networks, dict) else None) or {}
            words = [f"alias={alias}" for alias in (name, *how.get("aliases", ()))]
            if address := how.get("ipv4_address"):
                words.append(f"ip={address}")
            yield f"--network={self.name}_{network}:{','.join(words)}"


def image_of(part: str) -> str:
    """The tag of our own image of a PART."""
    return f"localhost/mirab:{part.replace('/', '-')}"


def _needs(made: Read) -> dict[str, str]:
    return {name: how["condition"] for name, how in (made.get("depends_on") or {}).items()}
