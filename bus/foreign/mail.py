"""Letters that go out: the hand-over to the organisation's mail server (SMTP, RFC 5321)."""

import contextlib
import smtplib
import socket
import ssl
from urllib.parse import parse_qs, unquote, urlsplit

from bus.errors import Unavailable
from bus.foreign.http_call import Deadline
from bus.process import spans
from bus.process.called import calling
from bus.process.spans import Kind

SECONDS, WHOLE_SECONDS = 20, 60.0
OK = 250
FINAL = range(500, 600)
# What is wrong with our own sign-in passes when somebody mends it.
SIGN_IN = (530, 535, 538)


class Refused(Exception):
    """The mail server refused a letter for good; ``code`` is its SMTP code, ``text`` its words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


class _Server(smtplib.SMTP):
    """A mail server whose connection a deadline cuts: a reply may drip, each read in its time."""

    def __init__(self, deadline: Deadline, host: str, port: int, name: str, timeout: float) -> None:
        self._deadline = deadline
        super().__init__(host, port, name, timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._deadline.watch(super()._get_socket(host, port, timeout))  # type: ignore[misc]


class _TlsServer(smtplib.SMTP_SSL, _Server):
    """The same within TLS: the library asks the next class of this order for the bare socket."""

    def __init__(  # noqa: PLR0913 - what the library asks
        self,
        deadline: Deadline,
        host: str,
        port: int,
        name: str,
        timeout: float,
        context: ssl.SSLContext,
    ) -> None:
        self._deadline = deadline
        smtplib.SMTP_SSL.__init__(self, host, port, name, timeout=timeout, context=context)


class Post:
    """The mail server at ``smtp://user:password@host:587?starttls=1`` or ``smtps://…``."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._starttls = parse_qs(self._url.query).get("starttls") == ["1"]

    def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Hands over one letter. Refused for good. Unavailable ``mail.unavailable``: surely not
        taken now. Unavailable ``mail.unanswered``: the letter was under way when the server fell
        silent, and nobody knows whether it was taken.
        """
        address = {"server.address": self._url.hostname or "127.0.0.1"}
        span = spans.begin(Kind.CLIENT, "SMTP", attributes=address)
        with calling("mail", "smtp"), spans.within(span), Deadline(WHOLE_SECONDS) as deadline:
            self._send(deadline, sender, recipient, raw)

    def _send(self, deadline: Deadline, sender: str, recipient: str, raw: bytes) -> None:
        try:
            server = self._connect(deadline)
        except smtplib.SMTPResponseException as error:
            raise _problem(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _away(type(error).__name__) from error
        try:
            _hand_over(server, sender, recipient, raw)
        finally:
            # Whatever the server says to our good-bye, it says nothing of the letter.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self, deadline: Deadline) -> smtplib.SMTP:
        host, url = self._url.hostname or "127.0.0.1", self._url
        name = socket.getfqdn()
        server: smtplib.SMTP
        if url.scheme == "smtps":
            context = ssl.create_default_context()
            server = _TlsServer(deadline, host, url.port or 465, name, SECONDS, context)
        else:
            server = _Server(deadline, host, url.port or 25, name, SECONDS)
        try:
            if self._starttls:
                server.starttls(context=ssl.create_default_context())
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _hand_over(server: smtplib.SMTP, sender: str, recipient: str, raw: bytes) -> None:
    begun = False
    try:
        server.ehlo_or_helo_if_needed()
        _expect(*server.mail(sender, [f"size={len(raw)}"] if server.has_extn("size") else ()))
        _expect(*server.rcpt(recipient))
        begun = True
        _expect(*server.data(raw))
    except smtplib.SMTPResponseException as error:
        raise _problem(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise (_unanswered if begun else _away)(type(error).__name__) from error
    except ValueError as error:
        # smtplib's own word for an address that cannot stand in a command.
        raise Refused(553, "not an address") from error


def _expect(code: int, text: bytes) -> None:
    if code not in (OK, 251):
        raise _problem(code, text)


def _problem(code: int, text: bytes | str) -> Exception:
    reply = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if code in FINAL and code not in SIGN_IN:
        return Refused(code, reply)
    return _away(str(code))


def _away(reason: str) -> Unavailable:
    return Unavailable(f"The mail server cannot be used now ({reason}).", code="mail.unavailable")


def _unanswered(reason: str) -> Unavailable:
    return Unavailable(f"The mail server did not answer ({reason}).", code="mail.unanswered")
