"""`python -m connector`: ask from the shell, send batches, make keys, verify evidence."""

import argparse
import contextlib
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

import orjson

from bus.errors import BusError, SignatureError
from bus.evidence.errors import EvidenceError
from bus.process.private import own_files_only
from bus.wire import Wire
from connector.attestations import attest, is_attestation, present, verify_attestation
from connector.caller import CSV, JSONL, Caller, Refused, Unreachable
from connector.evidence import Evidence
from connector.keys import load_key, make_key, read_server_keys
from connector.receipts.commands import fetch_receipt, verify_receipt
from connector.receipts.log_commands import audit_log, run_the_witness
from connector.receipts.verdicts import is_receipt
from connector.signals.commands import run_signals, run_unwatch, run_watch
from connector.words import caller_of, completion, parser

GOOD, REFUSED, UNABLE, STOPPED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: Mirab refused, or evidence does not hold; 2: not tried or not answered."""
    arguments = parser(RUNS).parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except Refused as error:
        _say(f"Refused. {error}")
        for field in error.errors:
            _say(f"  {field.get('field')}: {field.get('detail')} ({field.get('code')})")
        if error.trace_id:
            _say(f"  trace id {error.trace_id}")
        return REFUSED
    except KeyboardInterrupt:
        _say("Stopped.")
        return STOPPED
    except (Unreachable, BusError, OSError, ValueError) as error:
        _say(f"Not done. {getattr(error, 'message', None) or error}")
        return UNABLE
    return code


def run_ask(arguments: argparse.Namespace) -> int:
    """Asks once and prints the answer; a refusal that was signed is kept as evidence too."""
    try:
        answer = caller_of(arguments).ask(
            key_kind=arguments.kind,
            key=arguments.key,
            purpose=arguments.purpose,
            case_number=arguments.case,
            operator=arguments.operator,
            as_of=arguments.as_of,
            idempotency_key=arguments.idempotency_key,
        )
    except Refused as error:
        _save(error.evidence, arguments.save)
        raise
    _save(answer.evidence, arguments.save)
    _print(answer.data, arguments, answer_text)
    return GOOD


def _save(evidence: Evidence | None, path: str | None) -> None:
    if evidence and path:
        evidence.save(path)
        _say(f"Evidence kept in {path}.")


def run_batch(arguments: argparse.Namespace) -> int:
    """Sends a file of keys; with --out waits, shows progress and writes the results."""
    caller = caller_of(arguments)
    progress = caller.submit_batch(
        arguments.file,
        purpose=arguments.purpose,
        case_number=arguments.case,
        operator=arguments.operator,
        as_of=arguments.as_of,
        idempotency_key=arguments.idempotency_key,
    ).data
    _say(f"Batch {progress['batch']} of {progress['lines']} lines is taken.")
    if arguments.out:
        progress = caller.wait_for_batch(
            progress["batch"], progress=lambda now: _say(_progress(now))
        )
        _download(caller, progress["batch"], arguments.out)
    _print(progress, arguments, _progress)
    return GOOD


def run_status(arguments: argparse.Namespace) -> int:
    """How far a batch has come."""
    _print(caller_of(arguments).batch_status(arguments.batch), arguments, _progress)
    return GOOD


def run_download(arguments: argparse.Namespace) -> int:
    """Fetches the results of a batch."""
    _download(caller_of(arguments), arguments.batch, arguments.out)
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


def run_refusals(arguments: argparse.Namespace) -> int:
    """Shows why the agency's own requests were refused."""
    reply = caller_of(arguments).call("agencies.refusals.v1", {"limit": arguments.limit})
    _print(reply.data, arguments, refusals_text)
    return GOOD


def run_records(arguments: argparse.Namespace) -> int:
    """Lists the agency's own calls, those that were answered too."""
    names = ("limit", "since", "until", "contract", "outcome", "before")
    options = {name: getattr(arguments, name) for name in names}
    query = {name: field for name, field in options.items() if field is not None}
    reply = caller_of(arguments).call("agencies.records.v1", query)
    _print(reply.data, arguments, records_text)
    return GOOD


def run_console(arguments: argparse.Namespace) -> int:
    """Prints the address at which a browser reads the agency's console, once within ten minutes."""
    caller = caller_of(arguments)
    reply = caller.call("agencies.open_console.v1", {})
    address = f"{caller.url}/console?code={reply.data['entry_code']}"
    _print({"address": address, "until": reply.data["until"]}, arguments, lambda _: address)
    if arguments.open:
        webbrowser.open(address)
    return GOOD


def run_verify(arguments: argparse.Namespace) -> int:
    """Says whether the kept answer is the one that Mirab signed, or what a receipt proves."""
    if is_receipt(arguments.file):
        return _of_evidence(lambda: verify_receipt(arguments))
    if is_attestation(arguments.file):
        return _of_evidence(lambda: verify_attestation(arguments))
    if not arguments.server_key:
        raise ValueError("Give --server-key (or set MIRAB_SERVER_KEY).")
    keys = read_server_keys(arguments.server_key)
    evidence = Evidence.load(arguments.file)
    try:
        signed = evidence.verify(keys)
    except SignatureError as error:
        _say(f"Not genuine ({error.code}). {error.message}")
        return REFUSED
    answer = {
        "genuine": True,
        "keyid": signed.keyid,
        "signed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(signed.created)),
        "status": evidence.status,
        "url": evidence.url,
    }
    _print(
        answer, arguments, "Genuine: signed by {keyid} at {signed_at}, status {status}.".format_map
    )
    return GOOD


def run_receipt(arguments: argparse.Namespace) -> int:
    """Fetches the receipt of a call and keeps it."""
    code = _of_evidence(lambda: fetch_receipt(arguments))
    if code == GOOD:
        _say(f"The receipt is in {arguments.out}; verify says what it proves.")
    return code


def run_attest(arguments: argparse.Namespace) -> int:
    """Gets an answer as an SD-JWT and keeps it."""
    attest(arguments)
    _say(f"It is in {arguments.out}; present chooses what others are shown of it.")
    return GOOD


def run_present(arguments: argparse.Namespace) -> int:
    """Makes a presentation of the chosen fields."""
    return _of_evidence(lambda: present(arguments))


def run_audit(arguments: argparse.Namespace) -> int:
    """Reads the whole log and compares it with heads that are held elsewhere."""
    return _of_evidence(lambda: audit_log(arguments))


def run_witness(arguments: argparse.Namespace) -> int:
    """Runs a witness until it is interrupted."""
    run_the_witness(arguments)
    return GOOD


def _of_evidence(act: Callable[[], None]) -> int:
    """Does what judges evidence; 1 if it does not hold, and raises what could not be judged."""
    try:
        act()
    except (EvidenceError, SignatureError) as error:
        if error.code == "evidence.unreadable":
            raise
        _say(f"Does not hold ({error.code}). {error.message}")
        return REFUSED
    return GOOD


def run_keygen(arguments: argparse.Namespace) -> int:
    """Makes a private key that only its owner can read, and prints the public one."""
    print(make_key(arguments.out).base64())
    return GOOD


def run_prove(arguments: argparse.Namespace) -> int:
    """Prints a proof that the agency has the key, as the register asks it of a new one."""
    print(load_key(arguments.key_file, arguments.key_id or "new").proof(arguments.agency))
    return GOOD


def answer_text(answer: Wire) -> str:
    """An answer for people."""
    lines = [f"{answer['outcome']}: {len(answer['sources'])} source(s)"]
    for source in answer["sources"]:
        lines += _status_lines(source)
    lines += [f"  note: {limit['text_en']}" for limit in answer["limits"]]
    return "\n".join(
        [
            *lines,
            f"as of {answer['as_of']} ({answer['as_of_jalali']}), "
            f"valid until {answer['valid_until']}",
            f"tracking code {answer['tracking_code']}",
            f"verification code {answer['verification_code']}",
        ]
    )


def _status_lines(source: Wire) -> list[str]:
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


def refusals_text(page: Wire) -> str:
    """Refusals for people, a line each."""
    lines = [
        f"{refusal['at']} {refusal['status']} {refusal['code']} {refusal['contract'] or '-'} "
        f"key {refusal['key']}{'' if refusal['proven'] else ' (unproven)'} "
        f"trace {refusal['trace_id']}: {refusal['message']}"
        for refusal in page["refusals"]
    ]
    return "\n".join(lines) or "Nothing was refused in the last 30 days."


def records_text(page: Wire) -> str:
    """Calls for people, a line each, and how to read on."""
    lines = [
        f"{call['at']} {call['response_out'] - call['request_in']} ms "
        f"{call['status'] or '-'} {call['outcome']} {call['code'] or '-'} {call['contract']} "
        f"{call['request_bytes']}+{call['response_bytes']} bytes trace {call['trace_id']}"
        for call in page["records"]
    ]
    if page["next"] is not None:
        lines.append(f"older ones: --before {page['next']}")
    return "\n".join(lines) or "There is no such call in the last 7 days."


def _progress(progress: Wire) -> str:
    return (
        f"Batch {progress['batch']} {progress['state']}: "
        f"{progress['answered']} of {progress['lines']} lines"
    )


def run_completion(arguments: argparse.Namespace) -> int:
    """Prints the script that a shell reads to complete the commands."""
    print(completion(RUNS, arguments.shell))
    return GOOD


def _print(content: Wire, arguments: argparse.Namespace, text: Callable[[Wire], str]) -> None:
    shown = (
        orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
        if arguments.json
        else text(content)
    )
    sys.stdout.write(shown + "\n")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


RUNS = {
    "ask": run_ask,
    "batch": run_batch,
    "status": run_status,
    "download": run_download,
    "refusals": run_refusals,
    "records": run_records,
    "console": run_console,
    "receipt": run_receipt,
    "attest": run_attest,
    "present": run_present,
    "verify": run_verify,
    "audit": run_audit,
    "witness": run_witness,
    "watch": run_watch,
    "unwatch": run_unwatch,
    "signals": run_signals,
    "keygen": run_keygen,
    "prove": run_prove,
    "completion": run_completion,
}

if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
