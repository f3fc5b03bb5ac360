"""What parts share in a cluster: settings, secrets from outside, networks, stores, scaling."""

from collections.abc import Iterator

from deploy.compose_file import compose
from deploy.kubernetes.parts import PORTS, Manifest, head
from deploy.kubernetes.values import FOLDERS, VARIABLE, credentials, is_part
from deploy.local.parts import PARTS, SERVICES

# What an installation must say by itself stands there as a question, which no program takes.
ASKED = "replace-me"
# Services that more processes make faster: how many messages may wait for each.
SCALED = {"inquiry": 50, "ticketing": 20, "billing": 20, "notify": 100, "agencies": 20}
EXCHANGE = "external-secrets.io/v1"


def manifests() -> Iterator[tuple[str, list[Manifest]]]:
    """The manifests by the name of their file."""
    yield "namespace", [namespace()]
    yield "settings", [config()]
    yield "secrets", [*secrets()]
    yield "volumes", [*volumes()]
    yield "networks", [*networks()]
    yield "broker", [broker("mirab-broker"), broker("mirab-agency-broker")]
    yield "database", [database(), *databases()]
    yield "scaling", [*scaling()]


def namespace() -> Manifest:
    made = head("Namespace", "v1", "mirab")
    del made["metadata"]["namespace"]
    for mode in ("enforce", "audit", "warn"):
        made["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] = "restricted"
    return made


def config() -> Manifest:
    """What compose takes from `.env` and is no secret, and what only a cluster knows."""
    values: dict[str, str] = {}
    for name, made in compose().items():
        for variable, value in (made.get("environment") or {}).items():
            text = str(value)
            if "build" not in made or "PASSWORD" in text or variable in SKIPPED:
                continue
            matches = list(VARIABLE.finditer(text))
            if matches and "DOOR_NETS" not in text:
                values[variable] = VARIABLE.sub(
                    lambda m: f"{ASKED}.example" if m[2] is None else m[2], text
                )
        assert name
    # The networks of the ingress controller's Pods: who else says who calls is not believed.
    values |= {"TRUSTED_PROXIES": "10.0.0.0/8", "CLAMD_ADDRESS": "tcp://clamav.mirab.svc:3310"}
    return {**head("ConfigMap", "v1", "mirab"), "data": dict(sorted(values.items()))}


SKIPPED = {"SMTP_URL", "ALLOWED_HOSTS", "HOST", "WATCHED_PARTS", "DB_URL", "AMQP_URL"}


def secrets() -> Iterator[Manifest]:
    """References to a store of secrets (ClusterSecretStore `mirab`): none stands in a file here."""
    keys = {
        (name, key)
        for made in compose().values()
        if "build" in made
        for name, key, _ in credentials(made)
    }
    for name, key in sorted(keys):
        yield {
            **head("ExternalSecret", EXCHANGE, name),
            "spec": {
                "refreshInterval": "1h",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": "mirab"},
                "target": {"name": name, "creationPolicy": "Owner"},
                "data": [
                    {"secretKey": key, "remoteRef": {"key": f"mirab/{name}", "property": key}}
                ],
            },
        }
    for role in _roles():
        name = f"role-{role.replace('_', '-')}"
        yield {
            **head("ExternalSecret", EXCHANGE, name),
            "spec": {
                "refreshInterval": "1h",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": "mirab"},
                "target": {
                    "name": name,
                    "creationPolicy": "Owner",
                    "template": {"type": "kubernetes.io/basic-auth"},
                },
                "data": [
                    {"secretKey": field, "remoteRef": {"key": f"mirab/{name}", "property": field}}
                    for field in ("username", "password")
                ],
            },
        }


def _roles() -> list[str]:
    return [role for service in SERVICES for role in (service, f"{service}_owner")]


def volumes() -> Iterator[Manifest]:
    """Folders that Pods of several nodes share; the storage class is the overlay's."""
    for kind, name in FOLDERS.values():
        if kind == "claim":
            yield {
                **head("PersistentVolumeClaim", "v1", name),
                "spec": {
                    "accessModes": ["ReadWriteMany"],
                    "resources": {"requests": {"storage": "50Gi" if name == "blobs" else "1Gi"}},
                },
            }


def networks() -> Iterator[Manifest]:
    """Nothing reaches anything, but for what compose puts into one network."""
    policy = "networking.k8s.io/v1"
    everything = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    yield {**head("NetworkPolicy", policy, "nothing"), "spec": everything}
    for name, made in compose().items():
        if "build" in made:
            yield {**head("NetworkPolicy", policy, name), "spec": _network(name, made)}
    yield {**head("NetworkPolicy", policy, "edge"), "spec": _around("edge", (8080, 8443, 9443))}
    yield {**head("NetworkPolicy", policy, "clamav"), "spec": _around("clamav", (3310,))}


DNS = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}
MONITORING = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}


def _network(name: str, made: Manifest) -> Manifest:
    joined = set(made.get("networks") or ())
    out: list[Manifest] = [DNS]
    if "databases" in joined:
        out.append(_to({"cnpg.io/cluster": "mirab-db"}, 5432))
    if joined & {"bus", "brokers"} and is_part(name):
        out.append(_to({"app.kubernetes.io/name": "mirab-broker"}, 5671, 15671))
    if "brokers" in joined:
        out.append(_to({"app.kubernetes.io/name": "mirab-agency-broker"}, 15671))
    if "scanner" in joined:
        out.append(_to({"app.kubernetes.io/name": "clamav"}, 3310))
    if name == "ops":
        out.append(_to({"app.kubernetes.io/part-of": "mirab"}, 9100, PORTS["agency"] or 0))
    if "outgoing" in joined:
        outside = {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}
        ports = [{"protocol": "TCP", "port": port} for port in (25, 443, 465, 587)]
        out.append({"to": [{"ipBlock": outside}], "ports": ports})
    ins: list[Manifest] = []
    if is_part(name):
        ops = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "ops"}}}
        ins.append({"from": [MONITORING, ops], "ports": [{"protocol": "TCP", "port": 9100}]})
        if (port := PORTS.get(name)) and name != "ops":
            edge = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "edge"}}}
            callers = [edge, ops] if name == "agency" else [edge]
            ins.append({"from": callers, "ports": [{"protocol": "TCP", "port": port}]})
    return {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ins,
        "egress": out,
    }


def _around(name: str, ports: tuple[int, ...]) -> Manifest:
    """The edge is reached by everybody and reaches faces; the scanner by two services."""
    faces = [_to({"app.kubernetes.io/name": face}, PORTS[face] or 0) for face in DOORS]
    scanned = [
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": entry}}} for entry in SCANNED
    ]
    entry: Manifest = {"ports": [{"protocol": "TCP", "port": port} for port in ports]}
    return {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [entry if name == "edge" else {**entry, "from": scanned}],
        "egress": [DNS, *faces] if name == "edge" else [DNS, OUT],
    }


DOORS = ("public", "agency", "notify-api", "desk")
SCANNED = ("ticketing", "notify")
# Signatures of viruses come by HTTPS.
OUT = {"ports": [{"protocol": "TCP", "port": 443}]}


def _to(labels: dict[str, str], *ports: int) -> Manifest:
    return {
        "to": [{"podSelector": {"matchLabels": labels}}],
        "ports": [{"protocol": "TCP", "port": port} for port in ports if port],
    }


def broker(name: str) -> Manifest:
    """Three nodes by RabbitMQ's cluster operator, with TLS alone."""
    file = "agencies" if "agency" in name else "rabbitmq"
    return {
        **head("RabbitmqCluster", "rabbitmq.com/v1beta1", name),
        "spec": {
            "replicas": 3,
            "image": "docker.io/library/rabbitmq:4.1.4",
            "persistence": {"storage": "20Gi"},
            "resources": {
                "requests": {"cpu": "500m", "memory": "3Gi"},
                "limits": {"cpu": "2", "memory": "3Gi"},
            },
            "tls": {
                "secretName": f"{name}-tls",
                "caSecretName": "broker-ca",
                "disableNonTLSListeners": True,
            },
            "rabbitmq": {
                "additionalPlugins": ["rabbitmq_shovel"] if file == "agencies" else [],
                "additionalConfig": settings_of_broker(file),
            },
        },
    }


def settings_of_broker(file: str) -> str:
    """The settings of compose's brokers, without their comments."""
    from deploy.local.state import CHECKOUT

    lines = (CHECKOUT / f"deploy/broker/{file}.conf").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line and not line.startswith("#")) + "\n"


def database() -> Manifest:
    """A primary and two standbys by CloudNativePG, with an archive for any moment."""
    return {
        **head("Cluster", "postgresql.cnpg.io/v1", "mirab-db"),
        "spec": {
            "instances": 3,
            "minSyncReplicas": 1,
            "maxSyncReplicas": 1,
            "imageName": "ghcr.io/cloudnative-pg/postgresql:18.1",
            "enableSuperuserAccess": False,
            "storage": {"size": "100Gi"},
            "walStorage": {"size": "20Gi"},
            "resources": {
                "requests": {"cpu": "1", "memory": "4Gi"},
                "limits": {"cpu": "4", "memory": "4Gi"},
            },
            "certificates": {"serverCASecret": "database-ca", "serverTLSSecret": "database-tls"},
            "bootstrap": {
                "initdb": {
                    "encoding": "UTF8",
                    "localeProvider": "builtin",
                    "builtinLocale": "C.UTF-8",
                    "postInitSQL": [
                        "revoke connect, temporary on database postgres, template1 from public"
                    ],
                }
            },
            "managed": {
                "roles": [
                    {
                        "name": role,
                        "ensure": "present",
                        "login": True,
                        "passwordSecret": {"name": f"role-{role.replace('_', '-')}"},
                    }
                    for role in _roles()
                ]
            },
            "postgresql": {
                "parameters": {"max_connections": "400", "shared_buffers": "1GB"},
                "pg_hba": ["hostssl all all all scram-sha-256"],
            },
        },
    }


def databases() -> Iterator[Manifest]:
    for service in SERVICES:
        yield {
            **head("Database", "postgresql.cnpg.io/v1", service),
            "spec": {
                "name": service,
                "owner": f"{service}_owner",
                "cluster": {"name": "mirab-db"},
                "databaseReclaimPolicy": "retain",
            },
        }


def scaling() -> Iterator[Manifest]:
    """More processes while messages wait (KEDA); faces by their processors."""
    for service, waiting in SCALED.items():
        yield {
            **head("ScaledObject", "keda.sh/v1alpha1", service),
            "spec": {
                "scaleTargetRef": {"name": service},
                "minReplicaCount": 2,
                "maxReplicaCount": 8,
                "pollingInterval": 15,
                "cooldownPeriod": 300,
                "triggers": [
                    {
                        "type": "prometheus",
                        "metricType": "AverageValue",
                        "metadata": {
                            "serverAddress": "http://prometheus.monitoring.svc:9090",
                            # Each ops face says it of the same queues.
                            "query": "sum(max by (kind) (mirab_queue_messages"
                            f'{{service="{service}",kind=~"requests|commands|events"}}))',
                            "threshold": str(waiting),
                        },
                    }
                ],
            },
        }
    for part in PARTS:
        if part.module[0].startswith("gateway.") and part.name != "ops":
            yield {
                **head("HorizontalPodAutoscaler", "autoscaling/v2", part.name),
                "spec": {
                    "scaleTargetRef": {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "name": part.name,
                    },
                    "minReplicas": 2,
                    "maxReplicas": 6,
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {
                                "name": "cpu",
                                "target": {"type": "Utilization", "averageUtilization": 70},
                            },
                        }
                    ],
                },
            }
