"""`python -m connector.check`: does this agency's link work, and does Mirab refuse what it must?

Run it against the sandbox: it asks a few real questions, which are logged like any other.
"""

import argparse
import email.utils
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace

import orjson
import requests

from bus.errors import BusError, SignatureError
from bus.process.private import own_files_only
from bus.signatures.keys import SigningKey
from bus.signatures.signing import sign_request
from connector.caller import Caller, Refused, Unreachable
from connector.certificates import EDGE_REFUSED, advice_on, trouble_of
from connector.commands.options import connection, subject
from connector.commands.words import ENVIRONMENT
from connector.connecting import caller_of, session_of
from connector.evidence import Evidence
from connector.keys import load_key
from connector.outcomes import Answer, refusal

GOOD, FAILED, UNABLE = 0, 1, 2
SKEW = 60
SECONDS = 10
ASK = "/v1/inquiry/ask"
NOBODY = "9900000013"  # a well-formed national ID that no demo register has
NO_SUCH_ANSWER = "Q-2222-2222-2222"


class Failed(Exception):
    """A check that does not hold; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Result:
    """One line: what was checked, and, if it failed, what to do (None if all is well)."""

    name: str
    what_to_do: str | None


class Trial:
    """One conformance run; ``results`` yields each line as it is known."""

    def __init__(
        self,
        caller: Caller,
        key: SigningKey,
        question: dict[str, str],
        session: requests.Session,
    ) -> None:
        self._caller, self._key, self._question = caller, key, question
        self._session = session
        self._idempotency_key = f"connector-check-{time.time_ns()}"
        self._answer: Answer | None = None

    def results(self) -> Iterator[Result]:
        """Checks in order; those after a failed one of the first group are not tried."""
        for name, check in self._first():
            result = self._tried(name, check)
            yield result
            if result.what_to_do:
                return
        for name, check in self._then():
            yield self._tried(name, check)

    def _first(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("the address answers", self.address_answers),
            ("your clock is right", self.clock_is_right),
            ("Mirab's public keys are read", self.keys_are_read),
            ("your key is known", self.key_is_known),
            ("a signed question is answered", self.question_is_answered),
        ]

    def _then(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("the answer's signature holds", self.answer_holds),
            ("an altered answer is noticed", self.altered_answer_is_noticed),
            ("an unsigned question is refused", self.unsigned_is_refused),
            ("an altered question is refused", self.altered_is_refused),
            ("a replayed question is refused", self.replay_is_refused),
            ("a repeat gets the same answer", self.repeat_gets_the_same),
            ("a repeat with another question is refused", self.reuse_is_refused),
        ]

    def address_answers(self) -> None:
        answer = self._get()
        status = answer.status_code
        if refusal(answer).code == EDGE_REFUSED:
            raise Failed(f"The edge told {status}. {advice_on(self._session)}")
        if status != requests.codes.ok:
            raise Failed(
                f"{self._caller.url}/health/live tells {status}; is it the agency face of Mirab?"
            )

    def clock_is_right(self) -> None:
        date = self._get().headers.get("date", "")
        try:
            skew = time.time() - email.utils.parsedate_to_datetime(date).timestamp()
        except ValueError:
            raise Failed("The address tells no Date; ask who runs it.") from None
        if abs(skew) > SKEW:
            raise Failed(f"Your clock differs by {skew:.0f} s from Mirab's; synchronise it (NTP).")

    def keys_are_read(self) -> None:
        if not self._caller.server_keys:
            raise Failed("Mirab publishes no key; ask who runs it.")

    def key_is_known(self) -> None:
        try:
            self._caller.call("inquiry.get.v1", {"tracking_code": NO_SUCH_ANSWER})
        except Refused as refused:
            if refused.code == "signature.bad":
                raise Failed(
                    f"The key file does not fit the key registered as {self._key.keyid}, or a "
                    "proxy on the way changes the address; compare both."
                ) from None
            if refused.status == requests.codes.unauthorized:
                raise

    def question_is_answered(self) -> None:
        self._answer = self._ask()

    def answer_holds(self) -> None:
        self._evidence.verify(self._caller.server_keys)

    def altered_answer_is_noticed(self) -> None:
        evidence = self._evidence
        altered = replace(evidence, response_body=evidence.response_body + b" ")
        try:
            altered.verify(self._caller.server_keys)
        except SignatureError:
            return
        raise Failed("This copy of the connector is broken; install it again.")

    def unsigned_is_refused(self) -> None:
        headers = {"content-type": "application/json"}
        self._must_refuse(headers, self._evidence.request_body, (401, "signature.missing"))

    def altered_is_refused(self) -> None:
        headers = {"content-type": "application/json"}
        url, body = self._caller.url + ASK, orjson.dumps(self._question)
        headers |= sign_request(self._key, "POST", url, headers, body)
        self._must_refuse(headers, body + b" ", (400, "digest.mismatch"))

    def replay_is_refused(self) -> None:
        evidence = self._evidence
        self._must_refuse(
            evidence.request_headers, evidence.request_body, (401, "signature.replayed")
        )

    def repeat_gets_the_same(self) -> None:
        first, again = self._evidence.response_body, self._ask().evidence.response_body
        if again != first:
            raise Failed("The same Idempotency-Key got two answers; tell who runs Mirab.")

    def reuse_is_refused(self) -> None:
        try:
            self._ask(case_number="another-question")
        except Refused as refused:
            if refused.code == "idempotency_key.reused":
                return
            raise
        raise Failed("One Idempotency-Key served two questions; tell who runs Mirab.")

    def _ask(self, **more: str) -> Answer:
        question = {**self._question, **more}
        return self._caller.call("inquiry.ask.v1", question, idempotency_key=self._idempotency_key)

    @property
    def _evidence(self) -> Evidence:
        if self._answer is None:
            raise Failed("There is no answer to check; mend the checks before.")
        return self._answer.evidence

    def _get(self) -> requests.Response:
        return self._send("GET", "/health/live", b"", {})

    def _send(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> requests.Response:
        return self._session.request(
            method,
            self._caller.url + path,
            data=body,
            headers=headers,
            timeout=SECONDS,
            verify=self._session.verify,
        )

    def _must_refuse(self, headers: dict[str, str], body: bytes, due: tuple[int, str]) -> None:
        """Failed unless the question is refused with the status and the code that are ``due``."""
        answer = self._send("POST", ASK, body, headers)
        status, code = answer.status_code, refusal(answer).code
        if (status, code) != due:
            outcome = "it was answered" if answer.ok else f"it was refused as {code} ({status})"
            raise Failed(
                f"It should be refused as {due[1]} ({due[0]}), but {outcome}; tell who runs Mirab."
            )

    def _tried(self, name: str, check: Callable[[], None]) -> Result:
        try:
            check()
        except requests.RequestException as error:
            trouble = trouble_of(error, self._session) or (
                f"No connection ({type(error).__name__}); check --url, the network and the "
                "firewall."
            )
            return Result(name, trouble)
        except BusError as error:
            return Result(name, f"{error.code}: {error.message}")
        except (Failed, Refused, Unreachable) as error:
            return Result(name, str(error))
        return Result(name, None)


def parser() -> argparse.ArgumentParser:
    """The words of the command."""
    made = argparse.ArgumentParser(
        prog="python -m connector.check",
        description=(
            "Checks the link of your agency to a sandbox of Mirab, a line each. " + ENVIRONMENT
        ),
    )
    connection(made)
    subject(made, default=NOBODY)
    made.add_argument("--purpose", required=True, help="a purpose that you are granted")
    return made


def main(argv: list[str] | None = None) -> int:
    """0: all checks hold; 1: one failed; 2: it could not be begun."""
    arguments = parser().parse_args(argv)
    question = {"key_kind": arguments.kind, "key": arguments.key, "purpose": arguments.purpose}
    try:
        session = session_of(arguments)
        caller = caller_of(arguments, session)
        key = load_key(arguments.key_file, arguments.key_id)
        trial = Trial(caller, key, question, session)
    except (BusError, ValueError) as error:
        print(f"Not begun. {error}", file=sys.stderr)
        return UNABLE
    results = []
    for result in trial.results():
        results.append(result)
        if not arguments.json:
            print(
                f"FAILED  {result.name}: {result.what_to_do}"
                if result.what_to_do
                else f"OK      {result.name}",
                flush=True,
            )
    failed = [result for result in results if result.what_to_do]
    if arguments.json:
        print(orjson.dumps([asdict(result) for result in results]).decode())
    elif not failed:
        print("All checks hold; your agency is joined.")
    return FAILED if failed else GOOD


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
