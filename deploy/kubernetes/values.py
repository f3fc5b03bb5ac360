"""What docker-compose.yml says, in the words of a cluster: addresses, secrets, folders."""

import re
from collections.abc import Iterator

from bus.wire import Wire
from deploy.compose_file import compose_file
from deploy.local.parts import PARTS

# What stands in docker-compose.yml has no types of ours.
Made = Wire

# Where a folder comes from: a claim that all share, files of an overlay, or the Pod's own disk.
FOLDERS = {
    "/agencies": ("claim", "agencies"),
    "/blobs": ("claim", "blobs"),
    "/marks": ("claim", "marks"),
    "/imports": ("claim", "imports"),
    "/replays": ("own", ""),
    "/agency-passwords": ("claim", "passwords-of-agencies"),
    "/broker-passwords": ("claim", "passwords-of-broker"),
    "/open311": ("files", "open311"),
    "/desk": ("files", "desk-book"),
    "/treasury": ("files", "treasury-book"),
    "/notices": ("files", "notices-book"),
}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")
ROLE = re.compile(r"postgresql://(\w+):")
SECRET_URLS = ("SMTP_URL", "BROKER_API_URL", "AGENCY_BROKER_API_URL")
BROKER = "amqps://mirab.{part}@mirab-broker.mirab.svc:5671/%2F"
OURS = {part.name for part in PARTS}


def is_part(name: str) -> bool:
    return name in OURS


def image_of(made: Made) -> str:
    """An image without a tag; the overlay says which release."""
    return f"registry.example/mirab-{made['build']['args']['PART'].replace('/', '-')}:0.1.0"


def files_of(made: Made) -> Iterator[tuple[str, str]]:
    """The folders that are mounted, each with ro or rw."""
    for volume in made.get("volumes", ()):
        _, inside, *way = volume.split(":")
        yield inside, way[0] if way else "rw"


def credentials(made: Made) -> Iterator[tuple[str, str, str]]:
    """Secret, key and file name of each thing that a part alone may read."""
    paths = compose_file()["secrets"]
    for entry in made.get("secrets", ()):
        source, target = (
            (entry, entry) if isinstance(entry, str) else (entry["source"], entry["target"])
        )
        name = str(paths[source]["file"]).removeprefix("./secrets/")
        yield secret_name(name), "value", target
    environ = made["environment"]
    if role := ROLE.match(str(environ.get("DB_URL", ""))):
        yield f"database-{role[1].replace('_', '-')}", "url", "database"
    for variable in SECRET_URLS:
        if variable in environ:
            yield label(variable), "value", label(variable)


def secret_name(file: str) -> str:
    """The Secret that holds a file of compose's ./secrets."""
    return "mirab-" + re.sub(r"[/.]", "-", file)


def label(variable: str) -> str:
    return variable.lower().replace("_", "-")


def settings(name: str, made: Made) -> Iterator[Made]:
    """Variables. What compose takes from `.env` comes from the ConfigMap `mirab`."""
    for variable, value in made["environment"].items():
        text = _value(name, variable, str(value))
        if text is not None:
            yield text if isinstance(text, dict) else {"name": variable, "value": text}
    if "AMQP_URL" in made["environment"]:
        yield {"name": "AMQP_CA_FILE", "value": "/run/secrets/broker-ca.crt"}


def _value(name: str, variable: str, text: str) -> str | Made | None:
    """The value of a variable, another variable in its stead, or None: the ConfigMap has it."""
    fixed: dict[str, str | Made | None] = {
        "AMQP_URL": BROKER.format(part=name)
        if "@" in text
        else BROKER.replace("mirab.{part}@", ""),
        "DB_URL": {"name": "DB_URL_FILE", "value": "/run/secrets/database"},
        "HOST": "0.0.0.0",  # noqa: S104 - the NetworkPolicy says who reaches it
        "TRUSTED_PROXIES": None,
        "CLAMD_ADDRESS": None,
        "AGENCY_URL": "http://agency:8001",
        "ALLOWED_HOSTS": {"agency": "agency agency.mirab.svc"}.get(name, name),
        **{
            url: {"name": f"{url}_FILE", "value": f"/run/secrets/{label(url)}"}
            for url in SECRET_URLS
        },
    }
    if variable in fixed:
        return fixed[variable]
    matches = list(VARIABLE.finditer(text))
    open_ended = any(match[2] is None for match in matches) or VARIABLE.fullmatch(text)
    return None if open_ended else text
