"""A real nginx with the configuration that we ship, on ports of its own, before running faces."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.certificates import certificate
from deploy.compose_file import compose_file
from deploy.local.ports import free_port, listening
from tests.processes import ROOT
from tests.waiting import wait_for

EDGE = ROOT / "deploy/edge"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
NAMES = {
    "public": "water.test",
    "agency": "agency.test",
    "notify": "notify.test",
    "desk": "desk.test",
}
COMPOSE = compose_file()


def rendered(environ):
    """The template as the image's entrypoint fills it in: its environment's variables alone."""
    assert set(environ) == set(COMPOSE["services"]["edge"]["environment"]) - {
        "NGINX_ENVSUBST_OUTPUT_DIR"
    }
    text = (EDGE / "templates/edge.conf.template").read_text(encoding="utf-8")
    return re.sub(r"\$\{(\w+)\}", lambda match: environ[match[1]], text)


class Edge:
    """The running edge; ``faces`` says where each face of NAMES listens, ``tls_versions`` what is
    spoken at the agencies' port.
    """

    def __init__(self, folder, faces, tls_versions="TLSv1.3"):
        self.folder, self.ports, self._process = folder, {}, None
        self._tls_versions = tls_versions
        self.server_ca = certificate("server ca", ca=True)
        self.agencies_ca = certificate("agencies ca", ca=True)
        self._write(faces)

    def _write(self, faces):
        tls = self.folder / "tls"
        tls.mkdir()
        for face, name in NAMES.items():
            certificate(name, self.server_ca).write(tls / face)
        self.server_ca.write(self.folder / "server-ca")
        self.agencies_ca.write(tls / "agencies-ca")
        self.ports = {name: free_port() for name in ("HTTP_PORT", "TLS_PORT", "AGENCY_TLS_PORT")}
        environ = {
            **{name: str(port) for name, port in self.ports.items()},
            "AGENCY_TLS_VERSIONS": self._tls_versions,
            **{f"{face.upper()}_HOST": name for face, name in NAMES.items()},
            **{f"{face.upper()}_FACE": faces[face] for face in NAMES},
        }
        self._place("edge.conf", rendered(environ))
        self._place("nginx.conf", (EDGE / "nginx.conf").read_text(encoding="utf-8"))

    def _place(self, name, text):
        """The folders of the container are folders of this test, and nothing else is changed."""
        here = {
            "/etc/mirab/tls": f"{self.folder}/tls",
            "/etc/mirab/pages": f"{EDGE}/pages",
            "/var/log/nginx/": f"{self.folder}/",
            "/tmp/": f"{self.folder}/",
        }
        text = re.sub("|".join(here), lambda match: here[match[0]], text)
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *words):
        """Its standard output is a socket, as under systemd, which nobody opens by a name."""
        command = [NGINX, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), *words]
        ours, its = socket.socketpair()
        with ours, its:
            return subprocess.run(
                command, stdout=its, stderr=subprocess.PIPE, text=True, check=False, timeout=30
            )

    def start(self):
        """Runs it in the foreground; its workers are root's too, for the folder of a test is."""
        command = [
            NGINX,
            "-p",
            str(self.folder),
            "-c",
            str(self.folder / "nginx.conf"),
            "-g",
            "daemon off; " + ("user root;" if os.geteuid() == 0 else ""),
        ]
        with (self.folder / "error.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(lambda: all(map(listening, self.ports.values())))
        return self

    def stop(self):
        if self._process:
            self._process.terminate()
            self._process.wait(20)

    def client(self, name, *, issuer=None):
        """A client certificate of the agencies' CA (or another), as files, and its SHA-256."""
        made = certificate(name, issuer or self.agencies_ca)
        return made.write(self.folder / f"client-{len(list(self.folder.iterdir()))}"), made.sha256

    def port(self, face, *, tls=True):
        name = "AGENCY_TLS_PORT" if face == "agency" else "TLS_PORT"
        return self.ports[name if tls else "HTTP_PORT"]

    def origin(self, face):
        """What a browser on a page of the face sends as Origin."""
        return f"https://{NAMES[face]}:{self.port(face)}"

    @contextlib.contextmanager
    def line(self, face, *, source="127.0.0.1", cert=None, host=None, tls=True):
        """A connection to a face, for who comes from the address ``source`` of this machine."""
        made = _Line(host or NAMES[face], self.port(face, tls=tls), source)
        if tls:
            made.context = ssl.create_default_context(cafile=str(self.folder / "server-ca.crt"))
            if cert:
                made.context.load_cert_chain(*cert)
        try:
            yield made
        finally:
            made.close()

    def send(self, face, path="/", *, method="GET", body=None, headers=(), **line):
        """The answer to one request by the edge."""
        with self.line(face, **line) as made:
            made.request(method, path, body=body, headers=dict(headers))
            answer = made.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)


class _Line(http.client.HTTPConnection):
    """A connection to this machine by the name of a face."""

    context = None

    def __init__(self, name, port, source):
        super().__init__(name, port, timeout=30, source_address=(source, 0))

    def connect(self):
        name, self.host = self.host, "127.0.0.1"
        super().connect()
        self.host = name
        if self.context:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=name)


needs_nginx = pytest.mark.skipif(
    not Path(NGINX).exists(), reason="nginx is not installed (deploy/local/bootstrap.sh test)"
)
