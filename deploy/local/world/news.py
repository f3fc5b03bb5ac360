"""What was announced, who is subscribed to it, and how the components stood, minute by minute."""

import datetime as dt
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from contracts.notify import announcements as contracts
from contracts.notify import subscriptions
from deploy.local.world import lines
from deploy.local.world.stage import Life, Stage
from iran.persian import tehran_day

_MINUTES = text(
    """insert into probes (component, minute, up)
    select component, minute, not (cast(:down as jsonb) -> component) @> to_jsonb(
        extract(epoch from minute)::bigint)
    from unnest(cast(:components as text[])) as component,
         generate_series(cast(:start as timestamptz),
             cast(:start as timestamptz) + interval '1439 minutes', interval '1 minute') as minute
    where minute < :now on conflict do nothing"""
)
_FORGET = text("delete from probes where minute < cast(:day as timestamptz)")
KEPT_DAYS = 2


@dataclass
class News:
    """The announcements of a world. ``outages`` are the minutes in which a component was away."""

    stage: Stage
    today: dt.date

    def lives(self, first: dt.date, last: dt.date) -> list[Life]:
        """Editors, subscribers and the probes of each day, from the first to the last."""
        material = tomllib.loads((Path(__file__).parent / "news.toml").read_text("utf-8"))
        days = (last - first).days
        rows = [row for row in material["announcements"] if row["day"] + row.get("told", 0) <= days]
        draft = self._draft_only(material["draft"], last)
        return [
            *(self._announce(row) for row in rows),
            draft,
            self._subscribers(first),
            self._probes(rows, first, last),
        ]

    # --- editors ---

    def _announce(self, row: dict[str, Any]) -> Life:
        starts = self._start(row)
        yield starts - dt.timedelta(days=row.get("told", 0))
        id_ = self._draft(row)
        yield self.stage.now + dt.timedelta(minutes=25)
        self.stage.ask(
            contracts.PUBLISH_ANNOUNCEMENT,
            {"id": id_, "tell": True},
            caller=self.stage.staff("mina"),
        )
        if "cancel_fa" in row:
            yield starts - dt.timedelta(days=1)
            words = {"fa": row["cancel_fa"], "en": row["cancel_en"]}
            self.stage.ask(
                contracts.CANCEL_ANNOUNCEMENT,
                {"id": id_, "text": words, "tell": True},
                caller=self.stage.staff("karim"),
            )
        for minutes, state, fa, en in row.get("updates", ()):
            yield starts + dt.timedelta(minutes=minutes)
            self.stage.ask(
                contracts.UPDATE_ANNOUNCEMENT,
                {
                    "id": id_,
                    "state": state,
                    "text": {"fa": fa, "en": en},
                    "tell": state == "RESOLVED",
                },
                caller=self.stage.staff("karim"),
            )

    def _draft_only(self, row: dict[str, Any], last: dt.date) -> Life:
        yield self.stage.at(last - dt.timedelta(days=1), 12)
        self._draft(row)

    def _draft(self, row: dict[str, Any]) -> int:
        starts = self._start(row)
        answer: dict[str, Any] = {
            "kind": row["kind"],
            "title": {"fa": row["fa"], "en": row["en"]},
            "body": {"fa": row["body_fa"], "en": row["body_en"]},
            "components": row.get("components", []),
            "impact": row.get("impact", "none"),
        }
        if row["kind"] == "maintenance":
            ends = starts + dt.timedelta(hours=row["hours"])
            answer |= {"starts_at": starts.isoformat(), "ends_at": ends.isoformat()}
        if "sunset" in row:
            answer["sunset"] = (tehran_day(starts) + dt.timedelta(days=row["sunset"])).isoformat()
        draft = self.stage.ask(
            contracts.DRAFT_ANNOUNCEMENT, answer, caller=self.stage.staff("karim")
        )
        return draft.id

    def _start(self, row: dict[str, Any]) -> dt.datetime:
        return self.stage.at(self.today - dt.timedelta(days=row["day"]), row["hour"])

    # --- subscribers ---

    def _subscribers(self, first: dt.date) -> Life:
        """Some people subscribe, with the code that their telephone shows them."""
        chance = self.stage.random
        for number in range(9):
            yield self.stage.at(first + dt.timedelta(days=number), 10 + number / 3)
            mobile = lines.person(chance, 7_000_000 + number).mobile
            topics = chance.sample(contracts.COMPONENTS, 2)
            pending = self.stage.ask(
                subscriptions.SUBSCRIBE,
                {"mobile": mobile, "topics": topics, "news": number % 2 == 0},
            )
            self.stage.chore("notify", "send_otp")
            pin = lines.PIN.search(self.stage.inboxes.get("0" + mobile[3:], ""))
            if pin is not None:
                self.stage.ask(
                    subscriptions.CONFIRM_SUBSCRIPTION, {"id": pending.id, "pin": pin[0]}
                )

    # --- minutes ---

    def _probes(self, rows: list[dict[str, Any]], first: dt.date, last: dt.date) -> Life:
        """Each night the minutes of the day that is over are noted, and added up by the service;
        then the minutes go, but for those of the last days.
        """
        away = self._away(rows, first, last)
        day = first
        while day <= last:
            end = self.stage.at(day + dt.timedelta(days=1), 0.2) if day < last else self.stage.now
            yield end
            self._note(day, away)
            self.stage.chore("notify", "add_up_days")
            day += dt.timedelta(days=1)
            with self.stage.services["notify"].store.transaction() as tx:
                kept = self.stage.at(day - dt.timedelta(days=KEPT_DAYS), 0)
                tx.conn.execute(_FORGET, {"day": kept})

    def _note(self, day: dt.date, away: dict[str, list[int]]) -> None:
        values = {
            "components": list(contracts.COMPONENTS),
            "down": orjson.dumps(away).decode(),
            "start": self.stage.at(day, 0),
            "now": self.stage.now,
        }
        with self.stage.services["notify"].store.transaction() as tx:
            tx.conn.execute(_MINUTES, values)

    def _away(
        self, rows: list[dict[str, Any]], first: dt.date, last: dt.date
    ) -> dict[str, list[int]]:
        """The minutes (unix seconds) in which a component did not answer: in what was announced,
        and now and then for a few.
        """
        chance = random.Random(7)  # noqa: S311 - a story
        away: dict[str, list[int]] = {code: [] for code in contracts.COMPONENTS}
        for row in rows:
            if row.get("impact") == "down" and "cancel_fa" not in row:
                for code in row["components"]:
                    away[code] += _minutes(self._start(row), round(row["hours"] * 60 * 0.7))
        for code in away:
            for _ in range(3):
                day = first + dt.timedelta(days=chance.randrange(max((last - first).days, 1)))
                away[code] += _minutes(
                    self.stage.at(day, chance.uniform(0, 23)), chance.randint(1, 9)
                )
        return away


def _minutes(start: dt.datetime, count: int) -> list[int]:
    first = int(start.timestamp()) // 60 * 60
    return [first + 60 * n for n in range(count)]
