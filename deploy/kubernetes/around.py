"""What stands around the parts: the edge with its certificates, and the virus scanner."""

from collections.abc import Iterator

from deploy.compose_file import compose
from deploy.kubernetes.parts import POD, RESOURCES, RESTRICTED, Manifest, head, labels
from deploy.local.state import CHECKOUT

EDGE = CHECKOUT / "deploy/edge"
FACES = {
    "PUBLIC_FACE": "public:8000",
    "AGENCY_FACE": "agency:8001",
    "NOTIFY_FACE": "notify-api:8003",
    "DESK_FACE": "desk:8004",
}
# Where the edge listens, and where its callers reach it.
DOORS = {"http": (8080, 80), "tls": (8443, 443), "agencies": (9443, 8443)}


def manifests() -> Iterator[tuple[str, list[Manifest]]]:
    """The manifests by the name of their file."""
    yield "edge", [*edge()]
    yield "scanner", [*scanner()]


def edge() -> Iterator[Manifest]:
    """nginx with the files of deploy/edge; names of the doors come from the ConfigMap `doors`."""
    files = {
        "nginx.conf": EDGE / "nginx.conf",
        "edge.conf.template": EDGE / "templates/edge.conf.template",
        **{path.name: path for path in sorted((EDGE / "pages").iterdir())},
    }
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    yield {**head("ConfigMap", "v1", "edge"), "data": texts}
    names = {
        f"{door}_HOST": "replace-me.example" for door in ("PUBLIC", "AGENCY", "NOTIFY", "DESK")
    }
    names["AGENCY_TLS_VERSIONS"] = "TLSv1.3"
    yield {**head("ConfigMap", "v1", "doors", "edge"), "data": names}
    volumes = [
        _of_files("conf", ["nginx.conf"]),
        _of_files("templates", ["edge.conf.template"]),
        _of_files("pages", [path.name for path in sorted((EDGE / "pages").iterdir())]),
        {"name": "tls", "secret": {"secretName": "edge-tls", "defaultMode": 0o440}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
    ]
    yield _deployment(
        "edge", _edge_container(), volumes, 2, {**POD, "runAsUser": 10101, "runAsGroup": 10101}
    )
    yield from _edge_doors()


def _edge_container() -> Manifest:
    mounts = {
        "conf": "/etc/mirab/conf",
        "templates": "/etc/nginx/templates",
        "pages": "/etc/mirab/pages",
        "tls": "/etc/mirab/tls",
        "tmp": "/tmp",  # noqa: S108 - a disk of its own
    }
    environ = {
        "NGINX_ENVSUBST_OUTPUT_DIR": "/tmp",  # noqa: S108
        "HTTP_PORT": "8080",
        "TLS_PORT": "8443",
        "AGENCY_TLS_PORT": "9443",
        **FACES,
    }
    return {
        "name": "edge",
        "image": f"docker.io/library/{compose()['edge']['image']}",
        "imagePullPolicy": "Always",
        "args": ["nginx", "-c", "/etc/mirab/conf/nginx.conf", "-g", "daemon off;"],
        "env": [{"name": name, "value": value} for name, value in environ.items()],
        "envFrom": [{"configMapRef": {"name": "doors"}}],
        "ports": [{"name": name, "containerPort": port} for name, (port, _) in DOORS.items()],
        "volumeMounts": [
            {"name": name, "mountPath": path, **({} if name == "tmp" else {"readOnly": True})}
            for name, path in mounts.items()
        ],
        "livenessProbe": {"tcpSocket": {"port": "tls"}},
        "readinessProbe": {"tcpSocket": {"port": "tls"}},
        "securityContext": RESTRICTED,
        "resources": RESOURCES,
    }


def _edge_doors() -> Iterator[Manifest]:
    yield {
        **head("Service", "v1", "edge"),
        "spec": {
            "type": "LoadBalancer",
            # Callers keep their addresses, by which limits are counted.
            "externalTrafficPolicy": "Local",
            "selector": {"app.kubernetes.io/name": "edge"},
            "ports": [
                {"name": name, "port": outside, "targetPort": name}
                for name, (_, outside) in DOORS.items()
            ],
        },
    }
    yield {
        **head("PodDisruptionBudget", "policy/v1", "edge"),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {"app.kubernetes.io/name": "edge"}},
        },
    }


def scanner() -> Iterator[Manifest]:
    """ClamAV, with signatures that it fetches by itself."""
    places = {
        "tmp": "/tmp",  # noqa: S108 - a disk of its own
        "log": "/var/log/clamav",
        "run": "/run/clamav",
        "signatures": "/var/lib/clamav",
    }
    container = {
        "name": "clamav",
        "image": f"docker.io/{compose()['clamav']['image']}",
        "imagePullPolicy": "Always",
        "command": list(compose()["clamav"]["entrypoint"]),
        "ports": [{"name": "clamd", "containerPort": 3310}],
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in places.items()],
        "startupProbe": {
            "tcpSocket": {"port": "clamd"},
            "periodSeconds": 10,
            "failureThreshold": 60,
        },
        "livenessProbe": {"tcpSocket": {"port": "clamd"}},
        "readinessProbe": {"tcpSocket": {"port": "clamd"}},
        "securityContext": RESTRICTED,
        "resources": {
            "requests": {"cpu": "200m", "memory": "2Gi"},
            "limits": {"cpu": "2", "memory": "4Gi"},
        },
    }
    volumes: list[Manifest] = [{"name": name, "emptyDir": {}} for name in places]
    pod = {**POD, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}
    made = _deployment("clamav", container, volumes, 1, pod)
    made["metadata"]["annotations"] = {"checkov.io/skip1": "CKV_K8S_40=the image's own user"}
    yield made
    yield {
        **head("Service", "v1", "clamav"),
        "spec": {
            "selector": {"app.kubernetes.io/name": "clamav"},
            "ports": [{"name": "clamd", "port": 3310, "targetPort": "clamd"}],
        },
    }


def _of_files(name: str, files: list[str]) -> Manifest:
    items = [{"key": file, "path": file} for file in files]
    return {"name": name, "configMap": {"name": "edge", "items": items}}


def _deployment(
    name: str, container: Manifest, volumes: list[Manifest], replicas: int, pod: Manifest
) -> Manifest:
    return {
        **head("Deployment", "apps/v1", name),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {
                "metadata": {"labels": labels(name)},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": pod,
                    "containers": [container],
                    "volumes": volumes,
                },
            },
        },
    }
