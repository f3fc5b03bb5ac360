"""The configuration of Prometheus and Alertmanager for a `make up` on this machine."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from bus.wire import Wire
from deploy.local.parts import MAILBOX_PORT, PARTS, metrics_port

HERE = Path(__file__).parent
RULES = ("alerts.yml", "promises.yml")
PROMETHEUS_PORT, ALERTMANAGER_PORT, RECEIVER_PORT, EXPORTER_PORT = 19090, 19093, 19094, 19100
EXPORTER = "prometheus-node-exporter"


def addresses() -> Mapping[str, str]:
    """Where each part of this machine tells its metrics; the ops face tells of the whole."""
    return {
        part.name: f"127.0.0.1:{part.port if part.name == 'ops' else metrics_port(part)}"
        for part in PARTS
    }


def prometheus() -> Wire:
    """The shipped configuration, with this machine's addresses, and without a token: the ops face
    lets this machine read.
    """
    document: Wire = yaml.safe_load((HERE / "prometheus.yml").read_text(encoding="utf-8"))
    document["rule_files"] = [str(HERE / name) for name in RULES]
    manager = f"127.0.0.1:{ALERTMANAGER_PORT}"
    document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]}
    ours, machines = document["scrape_configs"]
    for name in ("authorization", "relabel_configs"):
        del ours[name]
    ours["static_configs"] = [
        {"targets": [address], "labels": {"part": name}} for name, address in addresses().items()
    ]
    del machines["file_sd_configs"]
    exporter = [f"127.0.0.1:{EXPORTER_PORT}"] if shutil.which(EXPORTER) else []
    machines["static_configs"] = [{"targets": exporter}]
    return document


def alertmanager() -> Wire:
    """The shipped configuration, with the played mailboxes as the mail server and this machine's
    receiver; it tells at once, for whoever tries it does not wait half a minute.
    """
    document: Wire = yaml.safe_load((HERE / "alertmanager.yml").read_text(encoding="utf-8"))
    document["global"] |= {
        "smtp_smarthost": f"127.0.0.1:{MAILBOX_PORT}",
        "smtp_require_tls": False,
    }
    document["route"]["group_wait"] = "2s"
    document["route"]["group_interval"] = "10s"
    for receiver in document["receivers"]:
        for hook in receiver.get("webhook_configs", ()):
            hook["url"] = f"http://127.0.0.1:{RECEIVER_PORT}/alerts"
    return document


def write(folder: Path) -> None:
    """Write both into a folder, where the programs of ``programs`` look for them."""
    for name, document in (("prometheus", prometheus()), ("alertmanager", alertmanager())):
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document), encoding="utf-8")


def programs(folder: Path) -> dict[str, list[str]]:
    """The commands to run, by name; each listens on this machine alone."""
    commands = {
        "prometheus": [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
            "--storage.tsdb.retention.time=7d",
        ],
        "alertmanager": [
            "prometheus-alertmanager",
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address=127.0.0.1:{ALERTMANAGER_PORT}",
            "--cluster.listen-address=",
        ],
    }
    if shutil.which(EXPORTER):
        commands["exporter"] = [EXPORTER, f"--web.listen-address=127.0.0.1:{EXPORTER_PORT}"]
    return commands
