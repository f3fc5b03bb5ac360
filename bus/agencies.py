"""Which agency serves which contract: the table [amqp] of the register's files."""

import tomllib
from pathlib import Path

from bus.topology import AGENCY_CODE


def serving(folder: Path) -> dict[str, frozenset[str]]:
    """The contracts that each agency serves, by its code; an agency that serves none is left out.

    ValueError names the file that is wrong: a bad code, or a contract that two agencies serve.
    Read at each use: a right that is taken from the file is gone at once.
    """
    found: dict[str, frozenset[str]] = {}
    for path in sorted(folder.glob("*.toml")):
        code, serves = _read(path)
        for other, contracts in found.items():
            if other == code or contracts & serves:
                raise ValueError(f"{path.name}: {other} stands in another file, or serves the same")
        if serves:
            found[code] = serves
    return found


def server(folder: Path, contract: str) -> str | None:
    """The code of the agency that serves a contract; None if there is none."""
    return next((code for code, serves in serving(folder).items() if contract in serves), None)


def _read(path: Path) -> tuple[str, frozenset[str]]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        code, serves = str(told["code"]), told.get("amqp", {}).get("serves", [])
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error!r}") from None
    if not isinstance(serves, list) or not all(isinstance(name, str) for name in serves):
        raise ValueError(f"{path.name}: serves is not a list of names")
    if serves and not AGENCY_CODE.fullmatch(code):
        raise ValueError(f"{path.name}: {code!r} is no code for the broker (a-z, 0-9, -)")
    return code, frozenset(serves)
