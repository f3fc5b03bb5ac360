"""Variables: those that a part needs and lacks, and values that are not safe for others' eyes."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from bus.settings import Settings
from deploy.doctor.advice import Advice, doubt, well, wrong
from deploy.doctor.installation import ADDRESSES, Installation
from deploy.local.parts import DEFAULTS, PARTS
from gateway.http.address import is_loopback

AREA = "settings"
DEFAULT = "change-me"
SHORTEST_SECRET = 16
SECRETS = ("_KEY", "_TOKEN", "PASSWORD")
# A part runs without these, which have defaults or switch something on.
OPTIONAL = {
    *DEFAULTS,
    *("LOG_LEVEL", "METRICS_ADDRESS", "TRUSTED_PROXIES", "ALLOWED_HOSTS", "CLIENT_CERT_HEADER"),
    *("SANDBOX", "CALLBACKS_SANDBOX", "SECOND_FACTOR", "COMPANY_FA", "COMPANY_EN", "HOST", "PORT"),
    *("AMQP_PASSWORD", "REGISTER_PUBLIC_KEY", "REPLAY_DIR", "MARKS_DIR", "OPEN311_KEYS_FILE"),
    *("XROAD_INSTANCE", "XROAD_MEMBER", "XROAD_SERVER", "XROAD_ERRORS"),
    *(
        "RECEIPT_KEYS",
        *("RECEIPTS_WITNESSES", "RECEIPTS_STAMPS_ADDRESS", "RECEIPTS_STAMPS_CA"),
        "RECEIPTS_ORIGIN",
    ),
    *("NOTIFY_PROVIDERS_FILE", "PSPS_FILE", "WATCHED_PARTS", "MAIL_PORT", "CLAMD_ADDRESS"),
    *("FORWARD_CITIES_FILE", "FORWARD_SANDBOX", "HOLIDAYS_ADDRESS", "HOLIDAYS_SANDBOX"),
}
NEEDED_IN_PUBLIC = {
    "REPLAY_DIR": "Without it a restart of the agency face forgets which requests it took, and "
    "takes them again.",
    "MARKS_DIR": "Without it numbers that were given out come again after a restored backup, and a "
    "log of receipts that lost leaves is not noticed.",
    "RECEIPTS_ORIGIN": "Without it no call leaves a receipt.",
    "CLAMD_ADDRESS": "Without it no uploaded file is scanned, and all stay held.",
}


def look(installation: Installation) -> Iterator[Advice]:
    """Yield what is missing or not safe; many a thing is right on one's own machine alone."""
    findings = [*_missing(installation), *_secrets(installation)]
    if installation.is_public:
        findings += [*_sandboxes(installation), *_addresses(installation), *_doors(installation)]
    else:
        findings.append(
            well(AREA, "Others do not reach it: what is right for a sandbox alone is not told.")
        )
    yield from findings or [well(AREA, "All that is needed is set, and nothing is left open.")]


def _missing(installation: Installation) -> Iterator[Advice]:
    for part in PARTS:
        environ = installation.parts.get(part.name)
        if environ is None:
            continue
        names = {name.removesuffix("_FILE") if _is_secret(name) else name for name in part.needs}
        lacking = sorted(
            name
            for name in names - OPTIONAL
            if not environ.get(name) and not environ.get(f"{name}_FILE")
        )
        if lacking:
            yield wrong(
                AREA,
                f"{part.name}: not set: {', '.join(lacking)}.",
                "Set them; .env.example tells what each means.",
            )
        for name, reason in NEEDED_IN_PUBLIC.items() if installation.is_public else ():
            if name in part.needs and not environ.get(name):
                yield doubt(AREA, f"{part.name}: {name} is not set. {reason}", f"Set {name}.")


def _is_secret(name: str) -> bool:
    return name.removesuffix("_FILE").endswith(SECRETS)


def _secrets(installation: Installation) -> Iterator[Advice]:
    """Secrets that others may guess; none is shown."""
    named = set()
    for part, environ in installation.parts.items():
        settings = Settings(environ)
        for name in sorted({key.removesuffix("_FILE") for key in environ if _is_secret(key)}):
            try:
                value = settings.get(name) or ""
            except (OSError, UnicodeDecodeError):
                continue  # files.py says so
            if value.startswith("-----BEGIN") or not value or name in named:
                continue
            named.add(name)
            if DEFAULT in value or len(value) < SHORTEST_SECRET:
                yield (wrong if installation.is_public else doubt)(
                    AREA,
                    f"{part}: {name} is the value of the example, or shorter than "
                    f"{SHORTEST_SECRET} characters.",
                    "Make a random one: openssl rand -base64 32.",
                )
        for name in ("AMQP_URL", "DB_URL"):
            if DEFAULT in environ.get(name, ""):
                yield wrong(AREA, f"{part}: {name} has the example's password.", "Change it.")


def _sandboxes(installation: Installation) -> Iterator[Advice]:
    reasons = {
        "SANDBOX": "agencies may change test data and their own keys without an officer",
        "CALLBACKS_SANDBOX": "call-backs may go to this machine and over plain HTTP",
        "HOLIDAYS_SANDBOX": "holidays may be read from this machine and over plain HTTP",
        "FORWARD_SANDBOX": "tickets may be sent on to this machine and over plain HTTP",
    }
    for name, reason in reasons.items():
        if "1" in installation.values(name):
            yield wrong(AREA, f"{name}=1 while others reach us: {reason}.", f"Set {name}=0.")


def _addresses(installation: Installation) -> Iterator[Advice]:
    for name in ADDRESSES:
        values = installation.values(name)
        for value in values:
            parts = urlsplit(value)
            if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
                yield wrong(
                    AREA,
                    f"{name} is {value}: what people send there is not encrypted.",
                    "Set its https address; an edge with TLS stands before (deploy/edge).",
                )
        if len(values) > 1:
            yield wrong(
                AREA,
                f"{name} has {len(values)} values in different parts.",
                "Give all parts one: signatures and links are valid for one address.",
            )
    yield from _plain_stores(installation)
    if installation.values("SMTP_URL") and not installation.values("NOTIFY_RETURN_ADDRESS"):
        yield doubt(
            AREA,
            "Nobody learns which e-mails of notify came back: NOTIFY_RETURN_ADDRESS is not set.",
            "Set it to an address whose sub-addresses your mail server hands to the mailroom.",
        )
    for value in installation.values("SMTP_URL"):
        parts = urlsplit(value)
        plain = parts.scheme == "smtp" and "starttls" not in parts.query
        if plain and not is_loopback(parts.hostname or ""):
            yield doubt(
                AREA,
                "Letters travel to the mail server without encryption.",
                "Use smtps://, or ?starttls=1.",
            )


def _plain_stores(installation: Installation) -> Iterator[Advice]:
    """Broker and databases on other machines that are reached without TLS, or without knowing whom.
    A name without a dot is one of the containers' own networks.
    """
    for name, sure, how in (
        ("AMQP_URL", "amqps://", "Use amqps://, and AMQP_CA_FILE for an authority of your own."),
        ("DB_URL", "sslmode=verify-full", "Add ?sslmode=verify-full&sslrootcert=... to it."),
    ):
        for part, settings in installation.settings.items():
            value = settings.get(name) or ""
            host = urlsplit(value).hostname or ""
            if value and "." in host and not is_loopback(host) and sure not in value:
                yield doubt(
                    AREA,
                    f"{part}: what {name} reaches at {host} is not proven by a certificate: who "
                    "stands between reads along.",
                    how,
                )


def _doors(installation: Installation) -> Iterator[Advice]:
    if "DEBUG" in installation.values("LOG_LEVEL"):
        yield doubt(AREA, "LOG_LEVEL is DEBUG.", "Set INFO: logs grow tenfold.")
    for part, environ in installation.parts.items():
        if "SECOND_FACTOR" in environ and not environ["SECOND_FACTOR"]:
            yield doubt(
                AREA,
                f"{part}: no role and no part of the desk asks for a second factor.",
                "Set SECOND_FACTOR=treasury register notices ops supervisor.",
            )
        host = environ.get("METRICS_ADDRESS", "").rpartition(":")[0].strip("[]")
        if host in ("0.0.0.0", "::") or (host and _is_global(host)):  # noqa: S104 - looked for
            yield doubt(
                AREA,
                f"{part}: METRICS_ADDRESS is open to every network of the machine.",
                "Let it listen on the machines' own network alone.",
            )


def _is_global(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False
