"""An installation as an operator would prepare it, by docs/operate.md, "In containers"."""

import hashlib
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

from bus.signatures.keys import SigningKey
from deploy.certificates import certificate
from deploy.local.state import CHECKOUT

HOSTS = {
    "PUBLIC_HOST": "water.test",
    "AGENCY_HOST": "agency.test",
    "NOTIFY_HOST": "notify.test",
    "DESK_HOST": "desk.test",
}
DOORS = {
    "public": "water.test",
    "agency": "agency.test",
    "notify": "notify.test",
    "desk": "desk.test",
}
BROKER_HOST = "broker.test"
OUTSIDE_HOST = "outside.test"
# Folder of the installation ← the demo's, which an operator replaces by his own.
BOOKS = {
    "desk": "deploy/desk",
    "treasury": "deploy/billing",
    "notices": "deploy/notify",
    "open311": "deploy/open311",
    "register": "deploy/agencies",
}
AGENCY, CONTAINER_USER, EDGE_USER = "fuel-co", 999, 101
PUBLIC_KEY = re.compile(r'public_key = "[^"]*"')


class Place:
    """The folder with docker-compose.yml and all that it needs; ``own`` is what callers keep."""

    def __init__(self, home: Path) -> None:
        self.folder, self.own = home / "installation", home / "callers"

    def prepare(self) -> None:
        """Make everything anew."""
        for folder in (self.folder, self.own):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        shutil.copy(CHECKOUT / "docker-compose.yml", self.folder)
        shutil.copytree(
            CHECKOUT / "deploy",
            self.folder / "deploy",
            ignore=shutil.ignore_patterns("__pycache__", "compose_test"),
        )
        self._set_up()
        self._answer_setup()
        self._certify()
        self._register_agencies()
        shutil.copy(self.folder / "secrets/metrics-token", self.own)
        assert not self._set_up(), "the setup says that something is missing still"

    def _set_up(self) -> str:
        """Run the setup, which says what is missing."""
        script = ["sh", "deploy/compose-setup.sh"]
        done = subprocess.run(script, cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout

    def _answer_setup(self) -> None:
        """Put there what the setup asks for."""
        settings = "".join(f"{name}={host}\n" for name, host in HOSTS.items())
        with (self.folder / ".env").open("a", encoding="utf-8") as env:
            env.write(f"{settings}SMTP_URL=smtp://{OUTSIDE_HOST}:8026\n")
        for name, source in BOOKS.items():
            shutil.copytree(CHECKOUT / source, self.folder / name, dirs_exist_ok=True)
        shutil.copytree(CHECKOUT / "deploy/local/registry", self.folder / "imports/registry")
        for file, source in {"psps": "billing", "providers": "notify"}.items():
            text = (CHECKOUT / f"deploy/{source}/{file}.toml").read_text(encoding="utf-8")
            text = text.replace("http://127.0.0.1", f"http://{OUTSIDE_HOST}")
            (self.folder / f"secrets/{file}.toml").write_text(text, encoding="utf-8")

    def _certify(self) -> None:
        """Certificates of the doors, of the agencies' broker, and of an agency."""
        made = partial(certificate, days=7)
        doors, agencies = made("doors' CA", ca=True), made("agencies' CA", ca=True)
        doors.write(self.own / "doors-ca")
        agencies.write(self.own / "agencies-ca")
        for door, host in DOORS.items():
            made(host, doors).write(self.folder / f"edge-tls/{door}")
        shutil.copy(self.own / "agencies-ca.crt", self.folder / "edge-tls/agencies-ca.crt")
        made(BROKER_HOST, doors).write(self.folder / "agency-broker/server")
        client = made(f"{AGENCY}.agencies.test", agencies)
        client.write(self.own / AGENCY)
        digest = client.sha256.replace(":", "")
        document = self.folder / f"register/{AGENCY}.toml"
        with document.open("a", encoding="utf-8") as file:
            file.write(f'\n[[certificates]]\nid = "{AGENCY}-tls"\nsha256 = "{digest}"\n')
            file.write("until = 2030-12-31\n")

    def _register_agencies(self) -> None:
        """Keys of this installation alone, in place of the demo's, which everybody knows."""
        ours = SigningKey.load(self.folder / "secrets/mirab-ops.pem", "mirab-ops-demo")
        theirs = self.own / f"{AGENCY}.pem"
        command = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(theirs)]
        subprocess.run(command, check=True, capture_output=True)
        keys = {"mirab-ops": ours, AGENCY: SigningKey.load(theirs, f"{AGENCY}-demo")}
        for document in (self.folder / "register").glob("*.toml"):
            if document.stem not in keys:
                document.unlink()
                continue
            text = document.read_text(encoding="utf-8")
            key = f'public_key = "{keys[document.stem].public.base64()}"'
            document.write_text(PUBLIC_KEY.sub(key, text), encoding="utf-8")

    def variables(self) -> dict[str, str]:
        """What stands in `.env`."""
        lines = (self.folder / ".env").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def digest(self) -> str:
        """A mark of all secrets, to see that nobody changed them."""
        mark = hashlib.sha256()
        for path in sorted((self.folder / "secrets").rglob("*")):
            if path.is_file():
                mark.update(path.read_bytes())
        return mark.hexdigest()
