"""The commands of `python -m connector` that ask Mirab: questions, batches, one's own calls."""

import argparse
import contextlib
import webbrowser
from pathlib import Path

from bus.wire import Wire
from connector.caller import CSV, JSONL, Caller, Refused
from connector.commands import GOOD
from connector.commands.printing import print_content, say
from connector.connecting import caller_of
from connector.evidence import Evidence


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
    print_content(answer.data, arguments, answer_text)
    return GOOD


def _save(evidence: Evidence | None, path: str | None) -> None:
    if evidence and path:
        evidence.save(path)
        say(f"Evidence kept in {path}.")


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
    say(f"Batch {progress['batch']} of {progress['lines']} lines is taken.")
    if arguments.out:
        progress = caller.wait_for_batch(
            progress["batch"], progress=lambda now: say(_progress(now))
        )
        _download(caller, progress["batch"], arguments.out)
    print_content(progress, arguments, _progress)
    return GOOD


def run_status(arguments: argparse.Namespace) -> int:
    """How far a batch has come."""
    print_content(caller_of(arguments).batch_status(arguments.batch), arguments, _progress)
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
    say(f"Results are in {out}; Mirab's signature of them holds.")


def run_refusals(arguments: argparse.Namespace) -> int:
    """Shows why the agency's own requests were refused."""
    reply = caller_of(arguments).call("agencies.refusals.v1", {"limit": arguments.limit})
    print_content(reply.data, arguments, refusals_text)
    return GOOD


def run_records(arguments: argparse.Namespace) -> int:
    """Lists the agency's own calls, those that were answered too."""
    names = ("limit", "since", "until", "contract", "outcome", "before")
    options = {name: getattr(arguments, name) for name in names}
    query = {name: field for name, field in options.items() if field is not None}
    reply = caller_of(arguments).call("agencies.records.v1", query)
    print_content(reply.data, arguments, records_text)
    return GOOD


def run_console(arguments: argparse.Namespace) -> int:
    """Prints the address at which a browser reads the agency's console, once within ten minutes."""
    caller = caller_of(arguments)
    reply = caller.call("agencies.open_console.v1", {})
    address = f"{caller.url}/console?code={reply.data['entry_code']}"
    print_content({"address": address, "until": reply.data["until"]}, arguments, lambda _: address)
    if arguments.open:
        webbrowser.open(address)
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
