"""The installation that is looked at: its parts' variables, its databases and its brokers."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bus.settings import Settings
from deploy.local.parts import PARTS, SERVICES
from deploy.local.state import State
from gateway.http.address import is_loopback

ADDRESSES = ("AGENCY_BASE_URL", "PORTAL_URL", "DESK_URL", "NOTIFY_API_URL")


@dataclass(frozen=True)
class Installation:
    """``parts`` are the variables of each part by its name; ``databases`` the address of each
    service's database; ``brokers`` the management API of each broker by its name.
    """

    parts: Mapping[str, Mapping[str, str]]
    databases: Mapping[str, str] = field(default_factory=dict)
    brokers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_checkout(cls, state: State) -> "Installation":
        """What `make up` runs here, as its administrator reaches it."""
        apis = {"rabbitmq": state.broker_api_url, "agency-rabbitmq": state.agency_broker_api_url}
        return cls(
            {part.name: state.environ_of(part) for part in PARTS},
            {service: state.owner_url(service) for service in SERVICES},
            {name: url for name, url in apis.items() if url},
        )

    @classmethod
    def of_part(cls, name: str, environ: Mapping[str, str] | None = None) -> "Installation":
        """One part by the variables of this process; KeyError if there is no part of that name."""
        environ = os.environ if environ is None else environ
        part = {part.name: part for part in PARTS}[name]
        variables = {key: environ[key] for key in sorted(read_by(part.needs)) if environ.get(key)}
        url = Settings(environ).get("DB_URL") if "DB_URL" in part.needs else None
        apis = {"rabbitmq": "BROKER_API_URL", "agency-rabbitmq": "AGENCY_BROKER_API_URL"}
        return cls(
            {name: variables},
            {part.context: url} if url else {},
            {broker: environ[key] for broker, key in apis.items() if environ.get(key)},
        )

    @property
    def settings(self) -> dict[str, Settings]:
        """The variables of each part, to be read as the part reads them."""
        return {name: Settings(environ) for name, environ in self.parts.items()}

    def values(self, variable: str) -> dict[str, list[str]]:
        """Each value that a variable has, with the parts that have it."""
        findings: dict[str, list[str]] = {}
        for part, environ in self.parts.items():
            if value := environ.get(variable):
                findings.setdefault(value, []).append(part)
        return findings

    @property
    def is_public(self) -> bool:
        """True if others than this machine are to reach it: one of its addresses is not ours."""
        return any(
            not is_loopback(urlsplit(value).hostname or "")
            for variable in ADDRESSES
            for value in self.values(variable)
        )


def read_by(needs: Iterable[str]) -> set[str]:
    """The variables that a part may read for those that it needs: a file in a value's stead, and
    the other way round.
    """
    names = {name.removesuffix("_FILE") for name in needs}
    more = {"MARKS_DIR", "METRICS_NETWORKS", "AMQP_CA_FILE"}
    return names | {f"{name}_FILE" for name in names} | more
