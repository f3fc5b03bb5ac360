"""Cuts off the agency that brings the agencies' broker to its memory limit.

A message that was begun and is never ended lies in memory, and no setting of RabbitMQ bounds how
much: the alarm then stops everybody who publishes there for as long as its sender stays connected.
"""

from collections import Counter
from collections.abc import Iterator

from bus import topology
from deploy.broker.api import Api

USER = topology.agency_user("")


class Warden:
    """Knows what each connection had sent when all was calm."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}

    def look(self, api: Api) -> Iterator[str]:
        """The user that sent most since all was calm loses its connections while the alarm stands.

        It may open none until its limit is set anew (deploy.broker.watch does that every five
        minutes); who was cut off already is passed over.
        """
        rows = [row for row in api.get("connections") or () if row["user"].startswith(USER)]
        sent = {row["name"]: int(row.get("recv_oct") or 0) for row in rows}
        if not api.alarmed():
            self._before = sent
            return
        since: Counter[str] = Counter()
        for row in rows:
            since[row["user"]] += sent[row["name"]] - self._before.get(row["name"], 0)
        for user, octets in since.most_common(1):
            api.put("user-limits", user, "max-connections", value=0)
            for row in rows:
                if row["user"] == user:
                    api.delete("connections", row["name"])
            yield f"The agencies' broker is full: {user}, which sent {octets} bytes, was cut off."
