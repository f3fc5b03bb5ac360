"""Settings from environment variables; all missing ones are reported at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit


class MissingSettings(Exception):
    """The process cannot start; says which variables to set."""


class Secret(str):
    """A text that prints as stars, so that it appears in no log or traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return str.__str__(self)


class Settings:
    """Named values of the environment; ``X_FILE`` names a file that holds the value of ``X``.

    >>> Settings({"PORT": "8000"}).whole("PORT")
    8000
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def require(self, *names: str) -> "Settings":
        """Itself, if all these are set; MissingSettings names every one that is not."""
        missing = [name for name in names if self.get(name) is None]
        if missing:
            raise MissingSettings(
                f"Set {', '.join(missing)} in the environment (.env.example tells what they mean)."
            )
        return self

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of ``name``, or of the file that ``name_FILE`` points at."""
        if value := self._environ.get(name):
            return value
        if path := self._environ.get(f"{name}_FILE"):
            return Path(path).read_text(encoding="utf-8").strip()
        return default

    def place(self, name: str) -> tuple[str | None, str | None]:
        """Where the value of ``name`` stands: it itself, or the file that holds it."""
        return self._environ.get(name), self._environ.get(f"{name}_FILE")

    def text(self, name: str, default: str | None = None) -> str:
        """The value of ``name``; MissingSettings if it is not set and has no default."""
        value = self.get(name, default)
        if value is None:
            self.require(name)
        return value or ""

    def secret(self, name: str) -> Secret:
        """The value of ``name``, which prints as stars."""
        return Secret(self.text(name))

    def whole(self, name: str, default: int | None = None) -> int:
        """The value as a whole number; MissingSettings says so if it is none."""
        value = self.text(name, None if default is None else str(default))
        try:
            return int(value)
        except ValueError:
            raise MissingSettings(f"{name} must be a whole number, not {value!r}.") from None


def require_whole(name: str, url: str) -> str:
    """Return the URL of a store; MissingSettings if its password cuts it in two.

    Whoever reads such a one takes a part of the password for a port, and says it in an error.
    """
    place, cut, rest = url.partition("://")[2].replace("?", "/").replace("#", "/").partition("/")
    if cut and ":" in place and "@" not in place and "@" in rest:
        raise MissingSettings(
            f"{name} has a password with a sign that ends an address; write / ? # in it as "
            "%2F %3F %23."
        )
    return url


def broker_url(settings: Settings) -> str:
    """AMQP_URL, with the password that AMQP_PASSWORD (or its file) holds apart from it.

    >>> broker_url(Settings({"AMQP_URL": "amqp://mirab.ops@broker/%2F", "AMQP_PASSWORD": "a/b"}))
    'amqp://mirab.ops:a%2Fb@broker/%2F'
    """
    url = require_whole("AMQP_URL", settings.text("AMQP_URL"))
    password = settings.get("AMQP_PASSWORD")
    if password is None:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    account = f"{user.split(':')[0]}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{account}@{host}").geturl()
