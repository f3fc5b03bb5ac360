"""Deployments, Services, budgets and Jobs: each service of docker-compose.yml that is our own."""

from collections.abc import Iterator

from bus.wire import Wire
from deploy.compose_file import compose
from deploy.kubernetes.values import (
    FOLDERS,
    Made,
    credentials,
    files_of,
    image_of,
    is_part,
    settings,
)
from deploy.local.parts import PARTS

# A manifest has no types of ours.
Manifest = Wire

METRICS_PORT = 9100
PORTS = {part.name: part.port for part in PARTS}
# These hold a lock or a port of mail, or keep users in line: one is enough, and two do no harm.
ONE = {"agency-rights"}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}
POD = {
    "runAsNonRoot": True,
    "runAsUser": 10999,
    "runAsGroup": 10999,
    "fsGroup": 10999,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESOURCES = {
    "requests": {"cpu": "100m", "memory": "192Mi"},
    "limits": {"cpu": "2", "memory": "1Gi"},
}
BELIEVED = ["broker-ca", "database-ca"]


def labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "mirab"}


def head(kind: str, version: str, name: str, of: str = "") -> Manifest:
    """The head of every manifest."""
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "mirab", "labels": labels(of or name)},
    }


def manifests() -> Iterator[tuple[str, list[Manifest]]]:
    """The manifests of each part, and those of the Jobs, by the name of their file."""
    jobs = []
    for name, made in compose().items():
        if is_part(name):
            yield name, [*_part(name, made)]
        elif "build" in made:
            jobs.append(_job(name, made))
    yield "jobs", jobs


def _part(name: str, made: Made) -> Iterator[Manifest]:
    yield {
        **head("Deployment", "apps/v1", name),
        "spec": {
            "replicas": 1 if name in ONE else 2,
            "revisionHistoryLimit": 5,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": labels(name)}, "spec": _pod(name, made)},
        },
    }
    port = PORTS.get(name)
    yield {
        **head("Service", "v1", name),
        "spec": {
            "selector": {"app.kubernetes.io/name": name},
            # Also who is not well says what is wrong.
            **({} if port else {"publishNotReadyAddresses": True}),
            "ports": [
                {"name": "metrics", "port": METRICS_PORT, "targetPort": "metrics"},
                *([{"name": "door", "port": port, "targetPort": "door"}] if port else []),
            ],
        },
    }
    if name not in ONE:
        yield {
            **head("PodDisruptionBudget", "policy/v1", name),
            "spec": {
                "maxUnavailable": 1,
                "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            },
        }


def _pod(name: str, made: Made) -> Manifest:
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
    }
    # /health fails while a store is away, which no restart mends: it takes a part out of its
    # Service alone. What restarts it is a process that does not answer at all.
    alive = {"tcpSocket": {"port": "metrics"}, "periodSeconds": 10, "failureThreshold": 6}
    ready = {
        "httpGet": {"path": "/health", "port": "metrics"},
        "periodSeconds": 5,
        "timeoutSeconds": 4,
    }
    return {
        **_common(made),
        "topologySpreadConstraints": [spread],
        "terminationGracePeriodSeconds": 40,
        "containers": [
            {
                **_container(name, made),
                "ports": [
                    {"name": "metrics", "containerPort": METRICS_PORT},
                    *([{"name": "door", "containerPort": PORTS[name]}] if PORTS.get(name) else []),
                ],
                "startupProbe": {**alive, "failureThreshold": 30, "periodSeconds": 2},
                "livenessProbe": alive,
                "readinessProbe": ready if PORTS.get(name) else alive,
            }
        ],
    }


def _job(name: str, made: Made) -> Manifest:
    return {
        **head("Job", "batch/v1", name),
        "spec": {
            "backoffLimit": 20,
            "ttlSecondsAfterFinished": 86400,
            "template": {
                "metadata": {"labels": labels(name)},
                "spec": {
                    **_common(made),
                    "restartPolicy": "OnFailure",
                    "containers": [_container(name, made)],
                },
            },
        },
    }


def _common(made: Made) -> Manifest:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": POD,
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}},
            {"name": "credentials", "projected": {"defaultMode": 0o440, "sources": _sources(made)}},
            *_volumes(made),
        ],
    }


def _sources(made: Made) -> list[Manifest]:
    """Only its own secrets, and the authorities of broker and database."""
    own = [
        {"secret": {"name": secret, "items": [{"key": key, "path": path}]}}
        for secret, key, path in credentials(made)
    ]
    authorities = [
        {"secret": {"name": f"{name}", "items": [{"key": "ca.crt", "path": f"{name}.crt"}]}}
        for name in BELIEVED
    ]
    return [*own, *authorities]


def _container(name: str, made: Made) -> Manifest:
    return {
        "name": name,
        "image": image_of(made),
        "imagePullPolicy": "Always",
        "command": list(made["command"]),
        "env": [*settings(name, made)],
        "envFrom": [{"configMapRef": {"name": "mirab"}}],
        "securityContext": RESTRICTED,
        "resources": RESOURCES,
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a disk of its own
            {"name": "credentials", "mountPath": "/run/secrets", "readOnly": True},
            *_mounts(made),
        ],
    }


def _volumes(made: Made) -> Iterator[Manifest]:
    for inside, _ in files_of(made):
        kind, source = FOLDERS[inside]
        yield {
            "name": inside.strip("/"),
            **(
                {"persistentVolumeClaim": {"claimName": source}}
                if kind == "claim"
                else {"configMap": {"name": source}}
                if kind == "files"
                else {"emptyDir": {}}
            ),
        }


def _mounts(made: Made) -> Iterator[Manifest]:
    for inside, way in files_of(made):
        yield {
            "name": inside.strip("/"),
            "mountPath": inside,
            **({"readOnly": True} if way == "ro" else {}),
        }
