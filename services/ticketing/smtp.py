"""Adapter to the organisation's mail server (SMTP, RFC 5321)."""

import smtplib
import socket
import ssl
from urllib.parse import parse_qs, unquote, urlsplit

from bus.errors import Unavailable

SECONDS = 20
FINAL = range(500, 600)


class Refused(Exception):
    """The mail server refused a letter for good; ``code`` is its SMTP code, ``text`` its words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class Post:
    """The mail server at ``smtp://user:password@host:587?starttls=1`` or ``smtps://…``."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._starttls = parse_qs(self._url.query).get("starttls") == ["1"]

    def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Hands over one letter. Refused for good, or Unavailable ``mail.unavailable`` for now."""
        try:
            with self._connect() as server:
                server.sendmail(sender, [recipient], raw)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, text),) = error.recipients.values()
            raise self._problem(code, text) from error
        except smtplib.SMTPResponseException as error:
            raise self._problem(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _away(type(error).__name__) from error

    def _problem(self, code: int, text: bytes | str) -> Exception:
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        # What is wrong with our own sign-in (535) passes when somebody mends it.
        if code in FINAL and code not in (530, 535, 538):
            return Refused(code, said)
        return _away(str(code))

    def _connect(self) -> smtplib.SMTP:
        host, url = self._url.hostname or "127.0.0.1", self._url
        name = socket.getfqdn()
        server: smtplib.SMTP
        if url.scheme == "smtps":
            server = smtplib.SMTP_SSL(
                host, url.port or 465, name, timeout=SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, url.port or 25, name, timeout=SECONDS)
        if self._starttls:
            server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        return server


def _away(why: str) -> Unavailable:
    return Unavailable(f"The mail server cannot be used now ({why}).", code="mail.unavailable")
