"""Names of X-Road: members, subsystems and services, as they stand in addresses and headers."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from bus.settings import MissingSettings, Settings
from contracts.agencies.xroad import XROAD_PATTERN
from gateway.http.problems import HttpError
from members.register import XRoadName

# The characters of an identifier that are left as they are (PR-REST, section 4.2).
PLAIN = "'()+,-.=?"
LONGEST = 255
CLIENT_PARTS, MEMBER_PARTS = (3, 4), 2
# No identifier has these: controls, and what nobody sees (MessageProcessorBase.checkIdentifier).
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\ufeff]")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# A part of our own names.
_OWN = re.compile(XROAD_PATTERN)
SERVICE_PARTS = ("instance", "member_class", "member_code", "subsystem", "code")
DEFAULT_INSTANCE, DEFAULT_MEMBER, DEFAULT_SERVER = "MIRAB", "GOV/WATER", "mirab"


@dataclass(frozen=True, slots=True)
class House:
    """Who we are in X-Road: the instance, our member, and the server that this face stands for.

    ``cert_header`` is the header in which our edge passes certificates on, in small letters.
    """

    instance: str
    member_class: str
    member_code: str
    server: str
    cert_header: str = ""

    @classmethod
    def of(cls, settings: Settings) -> "House":
        """From XROAD_INSTANCE, XROAD_MEMBER (class/code) and XROAD_SERVER; MissingSettings if one
        of them is no name.
        """
        member = settings.text("XROAD_MEMBER", DEFAULT_MEMBER).split("/")
        instance = settings.text("XROAD_INSTANCE", DEFAULT_INSTANCE)
        server = settings.text("XROAD_SERVER", DEFAULT_SERVER)
        named = all(_OWN.fullmatch(part) for part in (instance, *member, server))
        if len(member) != MEMBER_PARTS or not named:
            raise MissingSettings(
                "XROAD_INSTANCE, XROAD_MEMBER (class/code) and XROAD_SERVER are names of X-Road: "
                "letters, digits and '()+,-.=?."
            )
        certificates = settings.text("CLIENT_CERT_HEADER", "").lower()
        return cls(instance, member[0], member[1], server, certificates)

    @property
    def server_id(self) -> tuple[str, ...]:
        """The parts of X-Road-Security-Server."""
        return (self.instance, self.member_class, self.member_code, self.server)

    def is_own(self, service: "ServiceName") -> bool:
        """True if a service is one of our member."""
        return (service.member_class, service.member_code) == (self.member_class, self.member_code)


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service as an address names it; ``path`` is what stands behind, as it was written."""

    instance: str
    member_class: str
    member_code: str
    subsystem: str
    code: str
    path: str = ""

    @property
    def provider(self) -> XRoadName:
        """The subsystem that offers it."""
        return (self.member_class, self.member_code, self.subsystem)

    def header(self) -> str:
        """As X-Road-Service has it."""
        return encoded(
            self.instance, self.member_class, self.member_code, self.subsystem, self.code
        )


def encoded(*parts: str) -> str:
    """The parts of an identifier, each percent-encoded by itself, with slashes between."""
    return "/".join(quote(part, safe=PLAIN) for part in parts)


def decoded(text: str, code: str) -> str:
    """A part of an identifier; HttpError ``code`` if it is empty, no UTF-8 (RFC 3629: nothing
    overlong), or has a character that no identifier has. It is decoded once.
    """
    try:
        part = unquote_to_bytes(text.encode("latin-1")).decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise HttpError(code, "An identifier is not UTF-8.") from None
    if not part or len(part) > LONGEST or _ESCAPE.search(text) or _FORBIDDEN.search(part):
        raise HttpError(
            code, f"A part of an identifier has 1 to {LONGEST} characters, without controls."
        )
    return part


def service_of(raw_path: str) -> ServiceName:
    """The service that an address names: ``/r1/instance/class/member/subsystem/service[/path]``.

    HttpError ``xroad.address``. A slash that is encoded belongs to the name that it stands in.
    """
    parts = raw_path.split("/", 7)[2:]
    if len(parts) < len(SERVICE_PARTS):
        raise HttpError(
            "xroad.address", "Use /r1/{instance}/{class}/{member}/{subsystem}/{service}."
        )
    names = {
        name: decoded(part, "xroad.address")
        for name, part in zip(SERVICE_PARTS, parts, strict=False)
    }
    path = "".join(f"/{rest}" for rest in parts[len(SERVICE_PARTS) :])
    return ServiceName(**names, path=path)


def client_of(header: str) -> tuple[str, XRoadName]:
    """The instance and the name of a client: ``instance/class/member[/subsystem]``.

    HttpError ``xroad.client_malformed``.
    """
    parts = header.split("/")
    if len(parts) not in CLIENT_PARTS:
        raise HttpError(
            "xroad.client_malformed",
            "X-Road-Client is instance/class/member or instance/class/member/subsystem.",
        )
    instance, *name = (decoded(part, "xroad.client_malformed") for part in parts)
    return instance, (name[0], name[1], name[2] if len(name) > 2 else None)  # noqa: PLR2004


def party_of(header: str, member_class: str) -> tuple[str, str]:
    """The class and code of a represented party: ``[class/]code``; without a class it is of that
    of the client. HttpError ``xroad.represented_party``.
    """
    parts = [decoded(part, "xroad.represented_party") for part in header.split("/")]
    if len(parts) > 2:  # noqa: PLR2004
        raise HttpError("xroad.represented_party", "X-Road-Represented-Party is [class/]code.")
    return (parts[0] if len(parts) > 1 else member_class), parts[-1]
