"""What stands ready before the first start in containers: databases, roles, keys, passwords."""

import contextlib
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time

import psycopg2
import pytest

from bus.database.probe import DatabaseProbe
from bus.process.monitor import WELL
from deploy.certificates import certificate
from deploy.compose_file import compose_file
from deploy.local.parts import SERVICES
from tests.processes import ROOT, run_programs
from tests.stores import execute_as_role

COMPOSE = compose_file()


def test_s5_each_role_of_the_database_connects_to_its_own_database_alone_and_migrates_it(
    own_postgres,
):
    """By the script that the image runs at its first start, with psql, as there."""
    psql = shutil.which("psql") or str(own_postgres.binaries / "psql")
    environ = {
        "PATH": f"{os.path.dirname(psql)}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(own_postgres.port),
        "POSTGRES_USER": "postgres",
        "POSTGRES_DB": "inquiry",
        **{f"{service.upper()}_PASSWORD": "it's secret" for service in SERVICES},
        **{f"{service.upper()}_OWNER_PASSWORD": "it's too" for service in SERVICES},
    }
    owner = psycopg2.connect(own_postgres.url("postgres"))
    owner.autocommit = True
    owner.cursor().execute("create database inquiry")
    owner.close()
    subprocess.run(["sh", str(ROOT / "deploy/database/init.sh")], env=environ, check=True)
    for service in SERVICES:
        for role in (service, f"{service}_owner"):
            for database in (*SERVICES, "postgres", "template1"):
                assert connects(own_postgres, role, database) is (service == database)
    migrations_need_no_superuser(own_postgres)
    certificates_are_believed_or_named(own_postgres)


def certificates_are_believed_or_named(server):
    """By libpq's own settings in DB_URL: sslmode=verify-full and sslrootcert."""
    ca = certificate("database ca", ca=True)
    ca.write(server.home / "ca")
    certificate("another ca", ca=True).write(server.home / "other")
    files = certificate("localhost", ca).write(server.home / "server")
    with tls_before(server.port, files) as port:
        address = f"postgresql://inquiry@localhost:{port}/inquiry"
        right = f"{address}?sslmode=verify-full&sslrootcert={server.home}/ca.crt"
        assert DatabaseProbe(right).finding() is WELL
        pairs = {("ca.crt", "other.crt"): "verify", ("localhost", "127.0.0.1"): "host name"}
        for wrong, sign in pairs.items():
            distrusted(right.replace(*wrong), sign)
    distrusted(right.replace(f":{port}/", f":{server.port}/"), "does not support SSL")


def distrusted(url, sign):
    finding = DatabaseProbe(url).finding()
    assert finding.code == "database.unreachable"
    assert sign in finding.sentence
    assert finding.sentence.startswith("The database's certificate is not believed")


SSL_REQUEST = bytes.fromhex("0000000804d2162f")


class Front(socketserver.StreamRequestHandler):
    """TLS as PostgreSQL does it, before the wheel's server, which was built without."""

    def handle(self):
        assert self.connection.recv(8) == SSL_REQUEST
        self.connection.sendall(b"S")
        try:
            client = self.server.context.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            return  # who does not believe us goes
        with socket.create_connection(("127.0.0.1", self.server.behind)) as server, client:
            back = threading.Thread(target=pour, args=(server, client))
            back.start()
            pour(client, server)
            back.join(10)


def pour(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tls_before(port, files):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Front) as front:
        front.daemon_threads, front.behind = True, port
        front.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        front.context.load_cert_chain(*files)
        threading.Thread(target=front.serve_forever, args=(0.05,)).start()
        yield front.server_address[1]
        front.shutdown()


def migrations_need_no_superuser(server):
    """S5: all that a migration does its database's owner may do, and the service's role works."""
    for service in SERVICES:
        owner = server.url(service, f"{service}_owner")
        run_programs({"DB_URL": owner}, ("bus", "migrate", f"services.{service}"))
        reply = execute_as_role(owner, "select rolsuper from pg_roles where rolname = current_user")
        assert reply == [(False,)]
        role = server.url(service, service)
        assert execute_as_role(role, "select count(*) from inbox") == [(0,)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute_as_role(role, "create table anything (it int)")


def connects(server, role, database):
    try:
        psycopg2.connect(server.url(database, role)).close()
    except psycopg2.OperationalError as error:
        if "permission denied" not in str(error):
            raise
        return False
    return True


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the script needs, where it ran once."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/compose-setup.sh", folder / "deploy")
    return folder


def set_up(folder):
    command = ["sh", "deploy/compose-setup.sh"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def test_the_setup_makes_every_secret_and_variable_that_compose_names_or_says_what_is_missing(
    checkout,
):
    content = set_up(checkout)
    for secret in COMPOSE["secrets"].values():
        assert (checkout / secret["file"]).exists() or secret["file"].removeprefix("./") in content
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    needed = {part.split(":?")[0] for part in text.split("${")[1:] if ":?" in part.split("}")[0]}
    settings = (checkout / ".env").read_text(encoding="utf-8")
    assert [name for name in needed if f"{name}=" not in settings and name not in content] == []


def test_the_setup_run_again_changes_no_key_and_no_password(checkout):
    set_up(checkout)
    before = {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()}
    time.sleep(0.01)
    set_up(checkout)
    assert {path: path.read_bytes() for path in checkout.rglob("*") if path.is_file()} == before


def test_what_the_setup_makes_is_read_by_nobody_else(checkout):
    set_up(checkout)
    for path in (checkout / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (checkout / ".env").stat().st_mode & 0o077 == 0
