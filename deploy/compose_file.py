"""docker-compose.yml, from which the manifests of a cluster and the units are made."""

import functools

import yaml

from bus.wire import Wire
from deploy.local.state import CHECKOUT


@functools.cache
def compose_file() -> Wire:
    """All that stands in it; it is read once, by libyaml, which takes a tenth of the time."""
    made: Wire = yaml.load(
        (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    return made


def compose() -> dict[str, Wire]:
    """Its services."""
    return dict(compose_file()["services"])
