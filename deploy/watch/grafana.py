"""Dashboards as Grafana's model of JSON: `python -m deploy.watch.grafana` writes them all.

A panel is a title, a unit, and queries with their legends; where it stands is worked out. What the
panels show stands in panels.toml beside.
"""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bus.process.private import own_files_only

FOLDER = Path(__file__).parent / "dashboards"
PANELS = Path(__file__).parent / "panels.toml"
# Grafana 10 and newer take this form, and migrate it by themselves.
SCHEMA_VERSION = 39
WIDTH, TALL, LOW = 24, 8, 4
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, object]
Kind = Literal["timeseries", "stat", "table", "bargauge"]
# From this value on a number is yellow, and red.
Steps = Sequence[float]


@dataclass(frozen=True)
class Panel:
    """``queries``: PromQL, each with its legend. ``across``: of 24 columns. ``worse``: from which
    values on it is yellow and red.
    """

    title: str
    queries: Sequence[Sequence[str]]
    unit: str = "short"
    kind: Kind = "timeseries"
    across: int = 8
    worse: Steps | None = None
    says: str = ""


@dataclass(frozen=True)
class Dashboard:
    """``uid`` is its address and its file's name; rows are titled groups of panels."""

    uid: str
    title: str
    says: str
    rows: Mapping[str, Sequence[Panel]]


def written(dashboard: Dashboard) -> Json:
    """A dashboard in Grafana's own form."""
    return {
        "uid": f"mirab-{dashboard.uid}",
        "title": f"Mirab: {dashboard.title}",
        "description": dashboard.says,
        "tags": ["mirab"],
        "timezone": "browser",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_source_variable()]},
        "annotations": {"list": [_firing()]},
        "links": [
            {
                "type": "dashboards",
                "title": "Mirab",
                "tags": ["mirab"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "panels": _laid_out(dashboard),
    }


def _source_variable() -> Json:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
    }


def _firing() -> Json:
    """Alerts that fire, as marks in all graphs."""
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing"}',
        "titleFormat": "{{alertname}}",
    }


def _laid_out(dashboard: Dashboard) -> list[Json]:
    panels: list[Json] = []
    top = 0
    for title, row in dashboard.rows.items():
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": top},
                "panels": [],
            }
        )
        top += 1
        left = height = 0
        for panel in row:
            tall = LOW if panel.kind == "stat" else TALL
            if left + panel.across > WIDTH:
                top, left, height = top + height, 0, 0
            place = {"h": tall, "w": panel.across, "x": left, "y": top}
            panels.append(_panel(panel, len(panels) + 1, place))
            left, height = left + panel.across, max(height, tall)
        top += height
    return panels


def _panel(panel: Panel, number: int, place: Mapping[str, int]) -> Json:
    instant = panel.kind != "timeseries"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": dict(place),
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
                "format": "table" if panel.kind == "table" else "time_series",
            }
            for index, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel.kind),
    }


def _defaults(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green", "value": None}]
    if panel.worse:
        steps += [
            {"color": color, "value": value}
            for color, value in zip(("yellow", "red"), panel.worse, strict=True)
        ]
    return {
        "unit": panel.unit,
        "min": 0,
        "color": {"mode": "thresholds" if panel.kind != "timeseries" else "palette-classic"},
        "thresholds": {"mode": "absolute", "steps": steps},
    }


def _options(kind: Kind) -> Json:
    if kind == "timeseries":
        return {
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if kind == "table":
        return {"showHeader": True}
    return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}


def dashboards() -> list[Dashboard]:
    """The dashboards of panels.toml; TypeError or KeyError if one is not as ``Panel`` says."""
    with PANELS.open("rb") as file:
        documents = tomllib.load(file)
    return [
        Dashboard(
            uid,
            document["title"],
            document["says"],
            {row["title"]: [Panel(**panel) for panel in row["panels"]] for row in document["rows"]},
        )
        for uid, document in documents.items()
    ]


def text_of(dashboard: Dashboard) -> str:
    """The file of a dashboard."""
    return json.dumps(written(dashboard), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write each dashboard into its file."""
    for dashboard in dashboards():
        (FOLDER / f"{dashboard.uid}.json").write_text(text_of(dashboard), encoding="utf-8")
    return 0


if __name__ == "__main__":
    own_files_only()
    sys.exit(main())
