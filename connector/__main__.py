"""`python -m connector`: ask from the shell, send batches, make keys, verify evidence."""

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import orjson

from bus.errors import BusError, SignatureError
from bus.process.private import own_files_only
from connector.caller import CSV, JSONL, Caller, Refused, Unreachable
from connector.evidence import Evidence
from connector.keys import load_key, make_key, read_server_keys
from connector.words import caller_of, parser

GOOD, REFUSED, UNABLE, STOPPED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: Mirab refused, or evidence does not hold; 2: not tried or not answered."""
    given = parser(RUNS).parse_args(argv)
    try:
        code: int = given.run(given)
    except Refused as error:
        _say(f"Refused. {error}")
        for field in error.errors:
            _say(f"  {field.get('field')}: {field.get('detail')} ({field.get('code')})")
        _say(f"  trace id {error.trace_id}")
        return REFUSED
    except KeyboardInterrupt:
        _say("Stopped.")
        return STOPPED
    except (Unreachable, BusError, OSError, ValueError) as error:
        _say(f"Not done. {getattr(error, 'message', None) or error}")
        return UNABLE
    return code


def run_ask(given: argparse.Namespace) -> int:
    """Asks once and prints the answer."""
    answer = caller_of(given).ask(
        key_kind=given.kind,
        key=given.key,
        purpose=given.purpose,
        case_number=given.case,
        operator=given.operator,
        as_of=given.as_of,
        idempotency_key=given.idempotency_key,
    )
    if given.save:
        answer.evidence.save(given.save)
        _say(f"Evidence kept in {given.save}.")
    _print(answer.data, given, answer_text)
    return GOOD


def run_batch(given: argparse.Namespace) -> int:
    """Sends a file of keys; with --out waits, shows progress and writes the results."""
    caller = caller_of(given)
    told = caller.submit_batch(
        given.file,
        purpose=given.purpose,
        case_number=given.case,
        operator=given.operator,
        as_of=given.as_of,
        idempotency_key=given.idempotency_key,
    ).data
    _say(f"Batch {told['batch']} of {told['lines']} lines is taken.")
    if given.out:
        told = caller.wait_for_batch(told["batch"], progress=lambda now: _say(_progress(now)))
        _download(caller, told["batch"], given.out)
    _print(told, given, _progress)
    return GOOD


def run_status(given: argparse.Namespace) -> int:
    """How far a batch has come."""
    _print(caller_of(given).batch_status(given.batch), given, _progress)
    return GOOD


def run_download(given: argparse.Namespace) -> int:
    """Fetches the results of a batch."""
    _download(caller_of(given), given.batch, given.out)
    return GOOD


def _download(caller: Caller, batch: str, out: Path) -> None:
    """The file stands under its name only when it is whole and proven."""
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            caller.download_batch(batch, file, media_type=CSV if out.suffix == ".csv" else JSONL)
        part.replace(out)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    _say(f"Results are in {out}; Mirab's signature of them holds.")


def run_refusals(given: argparse.Namespace) -> int:
    """Shows why the agency's own requests were refused."""
    asked = caller_of(given).call("agencies.refusals.v1", {"limit": given.limit})
    _print(asked.data, given, refusals_text)
    return GOOD


def run_verify(given: argparse.Namespace) -> int:
    """Says whether the kept answer is the one that Mirab signed."""
    if not given.server_key:
        raise ValueError("Give --server-key (or set MIRAB_SERVER_KEY).")
    keys = read_server_keys(given.server_key)
    evidence = Evidence.load(given.file)
    try:
        signed = evidence.verify(keys)
    except SignatureError as error:
        _say(f"Not genuine ({error.code}). {error.message}")
        return REFUSED
    told = {
        "genuine": True,
        "keyid": signed.keyid,
        "signed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(signed.created)),
        "status": evidence.status,
        "url": evidence.url,
    }
    _print(told, given, "Genuine: signed by {keyid} at {signed_at}, status {status}.".format_map)
    return GOOD


def run_keygen(given: argparse.Namespace) -> int:
    """Makes a private key that only its owner can read, and prints the public one."""
    print(make_key(given.out).base64())
    return GOOD


def run_prove(given: argparse.Namespace) -> int:
    """Prints a proof that the agency has the key, as the register asks it of a new one."""
    print(load_key(given.key_file, given.key_id or "new").proof(given.agency))
    return GOOD


def answer_text(told: dict[str, Any]) -> str:
    """An answer for people."""
    lines = [f"{told['outcome']}: {len(told['sources'])} source(s)"]
    for source in told["sources"]:
        lines += _status_lines(source)
    lines += [f"  note: {limit['text_en']}" for limit in told["limits"]]
    return "\n".join(
        [
            *lines,
            f"as of {told['as_of']} ({told['as_of_jalali']}), valid until {told['valid_until']}",
            f"tracking code {told['tracking_code']}",
            f"verification code {told['verification_code']}",
        ]
    )


def _status_lines(source: dict[str, Any]) -> list[str]:
    """The status of a source for people: its code, what stands beside it, why it is not known."""
    status = source["status"]
    role = f" ({source['role']})" if source["role"] else ""
    since = f" since {status['since']}" if status["since"] else ""
    lines = [f"  {source['file_no']}{role}: {status['code']} {status['label_fa']}{since}"]
    if status.get("flags"):
        lines.append(f"    flags: {', '.join(status['flags'])}")
    if status.get("reason_en"):
        lines.append(f"    {status['reason_en']}")
    return lines


def refusals_text(told: dict[str, Any]) -> str:
    """Refusals for people, a line each."""
    lines = [
        f"{each['at']} {each['status']} {each['code']} {each['contract'] or '-'} key {each['key']}"
        f"{'' if each['proven'] else ' (unproven)'} trace {each['trace_id']}: {each['message']}"
        for each in told["refusals"]
    ]
    return "\n".join(lines) or "Nothing was refused in the last 30 days."


def _progress(told: dict[str, Any]) -> str:
    return f"Batch {told['batch']} {told['state']}: {told['answered']} of {told['lines']} lines"


def _print(told: dict[str, Any], given: argparse.Namespace, text: Any) -> None:
    shown = orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() if given.json else text(told)
    sys.stdout.write(shown + "\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


RUNS = {
    "ask": run_ask,
    "batch": run_batch,
    "status": run_status,
    "download": run_download,
    "refusals": run_refusals,
    "verify": run_verify,
    "keygen": run_keygen,
    "prove": run_prove,
}

if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
