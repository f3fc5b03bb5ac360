"""`python -m deploy.watch up|down`: Debian's Prometheus and Alertmanager beside a `make up`."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bus.process.private import own_files_only
from deploy.local import supervise
from deploy.local.ports import holder, listening
from deploy.local.state import CHECKOUT, State
from deploy.local.stores import CannotStart
from deploy.watch import local

STOP_SECONDS, READY_SECONDS = 15.0, 60.0
PORTS = {
    "Prometheus": local.PROMETHEUS_PORT,
    "Alertmanager": local.ALERTMANAGER_PORT,
    "the receiver of alerts": local.RECEIVER_PORT,
}


def main(argv: list[str] | None = None) -> int:
    """0: done; 1: it could not be done, and one sentence on stderr says why."""
    parser = argparse.ArgumentParser(prog="python -m deploy.watch", description=__doc__)
    parser.add_argument("act", choices=("up", "down"))
    parser.add_argument("--detach", action="store_true", help="up: return when all is ready")
    arguments = parser.parse_args(argv)
    state = State.of_checkout()
    try:
        if arguments.act == "down":
            return down(state)
        check_place(state)
        return detach(state) if arguments.detach else up(state)
    except CannotStart as error:
        print(f"Nothing can be watched: {error}", file=sys.stderr)
        return 1


def check_place(state: State) -> None:
    """CannotStart if a program or what is to be watched is not there, or a port is taken."""
    for command in local.programs(state.home).values():
        if not shutil.which(command[0]):
            raise CannotStart(f"{command[0]} is not installed (`make watch` installs it).")
    if not supervise.running(state):
        raise CannotStart("Mirab does not run here; `make up DETACH=1` starts it.")
    for name, port in PORTS.items():
        if listening(port):
            raise CannotStart(
                f"port {port}, which {name} needs, is in use {holder(port)}; if it is watched "
                "already, `make watch-down` ends that."
            )


def up(state: State) -> int:
    """Watch until SIGINT or SIGTERM, then end all that was started."""
    folder = state.folder("watch")
    folder.chmod(0o700)
    local.write(folder)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with marked(folder), receiving(folder / "alerts.log"), running(folder) as processes:
        wait_ready(processes)
        tell(state, folder)
        while not stop.wait(1.0):
            for name, process in processes.items():
                if process.poll() is not None:
                    raise CannotStart(f"{name} has ended; {folder}/{name}.log says why.")
    return 0


@contextlib.contextmanager
def marked(folder: Path) -> Iterator[None]:
    """Leave this process's number where ``down`` looks for it, as long as it watches."""
    mark = folder / "pid"
    mark.write_text(str(os.getpid()), encoding="ascii")
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Prometheus, Alertmanager and, if it is installed, the node exporter, by name."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in local.programs(folder).items():
            with (folder / f"{name}.log").open("ab") as log:
                # A group of its own: Ctrl-C is for this process, which ends them in order.
                processes[name] = subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=folder, start_new_session=True
                )
        yield processes
    finally:
        for process in processes.values():
            process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for process in processes.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def receiving(log: Path) -> Iterator[None]:
    """Take what Alertmanager sends: a line of JSON in ``log`` and a line here for each alert."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with log.open("a", encoding="utf-8") as file:
                for alert in json.loads(body)["alerts"]:
                    file.write(json.dumps(alert, ensure_ascii=False) + "\n")
                    print(line(alert), flush=True)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Alerts are told, requests are not."""

    server = ThreadingHTTPServer(("127.0.0.1", local.RECEIVER_PORT), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def line(alert: dict[str, dict[str, str]]) -> str:
    """An alert in one line: when, what, of what, and where the runbook tells of it."""
    labels = {n: v for n, v in alert["labels"].items() if n not in ("alertname", "instance", "job")}
    of = " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    runbook = alert.get("annotations", {}).get("runbook", "")
    name = alert["labels"]["alertname"]
    return f"{time.strftime('%H:%M:%S')} {alert['status']} {name} {of} {runbook}"


def wait_ready(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """Return when both answer; CannotStart if they do not."""
    end = time.monotonic() + READY_SECONDS
    for port in (local.PROMETHEUS_PORT, local.ALERTMANAGER_PORT):
        while not answers(f"http://127.0.0.1:{port}/-/ready"):
            ended = [name for name, process in processes.items() if process.poll() is not None]
            if ended or time.monotonic() > end:
                raise CannotStart(f"{' and '.join(ended) or port} does not start; see its log.")
            time.sleep(0.2)


def answers(url: str) -> bool:
    """True if it answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - this machine's own
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's own number
    except OSError:
        return False


def tell(state: State, folder: Path) -> None:
    """Say where to look."""
    print(
        f"Prometheus    http://127.0.0.1:{local.PROMETHEUS_PORT}/alerts\n"
        f"Alertmanager  http://127.0.0.1:{local.ALERTMANAGER_PORT}\n"
        f"alerts        {folder}/alerts.log, and letters in {state.home}/mailbox\n"
        "Ctrl-C or `make watch-down` ends it. Alerts come in below.",
        flush=True,
    )


def detach(state: State) -> int:
    """Watch in another process; return when it has told where to look."""
    log = state.folder("watch") / "watch.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.watch", "up"],
            stdout=out,
            stderr=out,
            cwd=CHECKOUT,
            start_new_session=True,
        )
    while process.poll() is None and "Alerts come in" not in log.read_text(encoding="utf-8"):
        time.sleep(0.2)
    print(log.read_text(encoding="utf-8"), end="")
    return process.poll() or 0


def down(state: State) -> int:
    """End what watches this checkout; nothing is to be done if nothing does."""
    mark = state.home / "watch" / "pid"
    try:
        pid = int(mark.read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    if b"deploy.watch" not in command:
        return 0
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS + 5
    while mark.exists() and time.monotonic() < end:
        time.sleep(0.1)
    print("Nothing is watched any more.")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
