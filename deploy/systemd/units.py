"""The units: what docker-compose.yml says of each part, on one machine with Debian's own stores.

A secret is a credential (`LoadCredential`): systemd reads the file as root, and the part alone sees
it. The rest is hardening that `systemd-analyze security` measures.
"""

import re
from collections.abc import Iterator

from bus.wire import Wire
from deploy.compose_file import compose, compose_file
from deploy.local.parts import PARTS, Part, metrics_port, watched_parts

HOME, SECRETS, STATE = "/opt/mirab", "/etc/mirab/secrets", "/var/lib/mirab"
# Of users of the brokers: agency-rights alone reads and makes them.
PASSWORDS = f"{STATE}/passwords"
FOLDERS = {
    "/agencies": f"{STATE}/agencies",
    "/blobs": f"{STATE}/blobs",
    "/marks": f"{STATE}/marks",
    "/replays": f"{STATE}/replays",
    "/imports": f"{STATE}/imports",
    "/agency-passwords": f"{PASSWORDS}/agencies",
    "/broker-passwords": f"{PASSWORDS}/broker",
    "/open311": "/etc/mirab/open311",
    "/desk": "/etc/mirab/desk",
    "/treasury": "/etc/mirab/treasury",
    "/notices": "/etc/mirab/notices",
}
# Where compose has a container's name or an address of a network of its own.
HERE = {
    r"(?<=[@/])rabbitmq:5672": "127.0.0.1:5672",
    r"//agency-door:8001": "//127.0.0.1:8001",
    r"//clamav:3310": "//127.0.0.1:3310",
    r"\$\{DOOR_NETS:-[\d.]+\}\.\d+": "127.0.0.1",
    r"0\.0\.0\.0$": "127.0.0.1",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")
# The network of parts that speak to the outside: mail server, banks, providers, witnesses, logins.
OUTGOING = "outgoing"
# Its other broker is a machine of its own.
BEYOND = {"agency-rights"}
# The book of used signatures is named by the kernel's boot_id.
READS_KERNEL = {"agency"}
HARD = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @obsolete
SystemCallErrorNumber=EPERM
UMask=0077
LimitCORE=0
TasksMax=256
MemoryMax=1G
"""
# What stands in docker-compose.yml has no types of ours.
Made = Wire


def units() -> dict[str, str]:
    """The text of each unit by its file name."""
    services = compose()
    names = {part.name: part for part in PARTS}
    ours = {name: made for name, made in services.items() if "build" in made}
    made_units = {
        f"mirab-{name}.service": _unit(name, made, names.get(name)) for name, made in ours.items()
    }
    wanted = " ".join(sorted(made_units))
    made_units["mirab.target"] = (
        "# Made by `python -m deploy.systemd`.\n[Unit]\nDescription=All of Mirab\n"
        f"Wants={wanted}\n\n[Install]\nWantedBy=multi-user.target\n"
    )
    return made_units


def _unit(name: str, made: Made, part: Part | None) -> str:
    """One part, or (without ``part``) a step that ends before others begin."""
    ends = part is None
    before = [f"mirab-{other}.service" for other in made.get("depends_on", {}) if other in _ours()]
    after = " ".join(["network-online.target", *before, *STORES])
    lines = [
        "# Made by `python -m deploy.systemd` from docker-compose.yml; changes belong into",
        f"# /etc/systemd/system/mirab-{name}.service.d/ and /etc/mirab/mirab.env.",
        "[Unit]",
        f"Description=Mirab: {name}",
        "Documentation=https://github.com/mirab/mirab/blob/main/docs/deploy.md",
        f"After={after}",
        f"Wants=network-online.target{''.join(' ' + unit for unit in before)}",
        "PartOf=mirab.target",
        *([] if ends else ["StartLimitIntervalSec=0"]),
        "",
        "[Service]",
        *(["Type=oneshot", "RemainAfterExit=yes"] if ends else ["Type=exec"]),
        "User=mirab",
        "Group=mirab",
        f"WorkingDirectory={HOME}",
        f"ExecStart={HOME}/.venv/bin/{' '.join(_placed(word) for word in made['command'])}",
        *([] if ends else ["Restart=always", "RestartSec=2", "TimeoutStopSec=30"]),
        "Environment=PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=1",
        *_settings(made, part),
        "EnvironmentFile=/etc/mirab/mirab.env",
        *_folders(made),
        *([] if _speaks_out(name, made) else ["IPAddressDeny=any", "IPAddressAllow=localhost"]),
        *([] if name in READS_KERNEL else ["ProcSubset=pid"]),
        HARD,
        "[Install]",
        "WantedBy=mirab.target",
    ]
    return "\n".join(lines) + "\n"


def _speaks_out(name: str, made: Made) -> bool:
    return OUTGOING in made.get("networks", ()) or name in BEYOND


STORES = ("postgresql.service", "rabbitmq-server.service", "clamav-daemon.service")


def _ours() -> set[str]:
    return {name for name, made in compose().items() if "build" in made}


def _placed(word: str) -> str:
    return FOLDERS.get(word, word)


def _settings(made: Made, part: Part | None) -> Iterator[str]:
    """Variables and credentials. What compose takes from `.env` stands in mirab.env by that name,
    unless it has a value there by itself.
    """
    files = {_target(entry): _source(entry) for entry in made.get("secrets", ())}
    for variable, value in made["environment"].items():
        text = str(value)
        if variable == "METRICS_ADDRESS" and part:
            yield f"Environment=METRICS_ADDRESS=127.0.0.1:{metrics_port(part)}"
        elif variable == "WATCHED_PARTS":
            yield f'Environment="WATCHED_PARTS={watched_parts()}"'
        elif variable in ("DB_URL", "SMTP_URL", "BROKER_API_URL", "AGENCY_BROKER_API_URL"):
            role = re.match(r"postgresql://(\w+):", text)
            file = f"database/{role[1]}" if role else variable.lower().replace("_", "-")
            yield from _credential(variable, file)
        elif text.startswith("/run/secrets/"):
            yield from _credential(variable.removesuffix("_FILE"), files[text[13:]])
        elif any(match[1] and match[2] is None for match in VARIABLE.finditer(text)) or (
            VARIABLE.fullmatch(text) and "DOOR_NETS" not in text
        ):
            continue  # mirab.env says it
        else:
            yield f'Environment="{variable}={_here(text).replace("%", "%%")}"'


def _credential(variable: str, file: str) -> Iterator[str]:
    """A password of the broker lies where agency-rights gives it to the broker."""
    label, folder = file.replace("/", "-"), PASSWORDS if file.startswith("broker/") else SECRETS
    yield f"LoadCredential={label}:{folder}/{file}"
    yield f"Environment={variable}_FILE=%d/{label}"


def _target(entry: str | Made) -> str:
    return entry if isinstance(entry, str) else str(entry["target"])


def _source(entry: str | Made) -> str:
    """The file of a secret below SECRETS, as compose names it below ./secrets."""
    name = entry if isinstance(entry, str) else entry["source"]
    return str(compose_file()["secrets"][name]["file"]).removeprefix("./secrets/")


def _here(text: str) -> str:
    if text in FOLDERS:
        return FOLDERS[text]
    for pattern, value in HERE.items():
        text = re.sub(pattern, value, text)
    for folder, place in FOLDERS.items():
        text = text.replace(f"{folder}/", f"{place}/") if text.startswith(f"{folder}/") else text
    return VARIABLE.sub(lambda match: match[2] or "", text).strip()


def _folders(made: Made) -> Iterator[str]:
    """What a part may write to, and nothing else of the disk."""
    places = [_folder(volume) for volume in made.get("volumes", ())]
    writable = sorted(place for place, way in places if way != "ro" and place.startswith(STATE))
    if writable:
        yield f"ReadWritePaths={' '.join(writable)}"
    if not any(place.startswith(PASSWORDS) for place in writable):
        yield f"InaccessiblePaths=-{PASSWORDS}"


def _folder(volume: str) -> tuple[str, str]:
    _, inside, *way = volume.split(":")
    return FOLDERS[inside], way[0] if way else "rw"
