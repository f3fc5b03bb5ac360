"""Runs a face under uvicorn; a face that cannot start prints a sentence, not a traceback."""

import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from bus import telemetry
from bus.messages.kinds import Request
from bus.process import ending, log, monitor, request_metrics
from bus.process.private import own_files_only
from bus.process.records import RECORDER
from bus.process.surroundings import watch_surroundings
from bus.settings import MissingSettings, Settings
from contracts import catalogue, hidden_names
from gateway.http.edge import BehindEdge, Proxies, require_believed
from gateway.http.hosts import Hosts
from gateway.http.protocol import Guarded
from gateway.web import Face

STOP_SECONDS = 15
# The settings that hold the address of each face as its users know it.
ADDRESSES = {
    "public": ("PORTAL_URL", "PUBLIC_BASE_URL"),
    "agency": ("AGENCY_BASE_URL",),
    "notify": ("NOTIFY_API_URL",),
    "desk": ("DESK_URL",),
    "ops": (),
}


def run(name: str, port: int, make: Callable[[Settings], Face], part: str = "") -> int:
    """Serve the face that ``make`` builds until SIGTERM; ``port`` is used without PORT.

    ``part`` is its name among all parts where that differs from the face's own.
    """
    own_files_only()
    settings = Settings()
    try:
        log.configure(name, level=settings.text("LOG_LEVEL", "INFO"), hidden=hidden_names())
        host, port = settings.text("HOST", "127.0.0.1"), settings.whole("PORT", port)
        telemetry.start(part or name, settings)
        RECORDER.configure(part or name, settings)
        app = make(settings)
        app.hosts = Hosts.of(settings, map(settings.get, ADDRESSES[name]))
        require_believed(settings, app.address)
        behind = BehindEdge(app, Proxies.of(settings))
        bound = _bind(host, port)
        monitor.serve(part or name, settings)
        watch_surroundings(settings)
        request_metrics.expect(c for c in catalogue().values() if isinstance(c, Request))
    except (MissingSettings, ValueError, OSError) as error:
        print(f"The {name} face cannot start: {error}", file=sys.stderr)
        return 1
    config = uvicorn.Config(
        behind,
        loop="uvloop",
        http=Guarded,
        ws="none",
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        proxy_headers=False,
    )
    server = _Server(config)
    server.run(sockets=[bound])
    return 0 if server.started else 1


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Bound also what uvicorn does not: a request that does not heed that it was cancelled, and
        what hangs once all have ended.
        """
        ending.in_time()
        super().handle_exit(sig, frame)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OSError(
            f"port {port} of {host} cannot be used ({error.strerror}); set PORT."
        ) from None
    bound.listen(1024)
    return bound
