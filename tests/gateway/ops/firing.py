"""Whether alerts fire by what real processes export, as promtool judges the shipped rules."""

import subprocess

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import ROOT

MINUTES = 20


def firing(texts, alerts, folder):
    """Those alerts that fire if all stays for twenty minutes as ``texts`` (by part) say."""
    series = [
        {"series": series_of(sample, part), "values": f"{sample.value}x{MINUTES}"}
        for part, text in texts.items()
        for family in text_string_to_metric_families(text)
        if family.name.startswith("mirab_")
        for sample in family.samples
    ]
    questions = [
        {
            "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
            "eval_time": f"{MINUTES}m",
            "exp_samples": [{"labels": "{}", "value": 0}],
        }
        for alert in alerts
    ]
    case = folder / "case.yml"
    case.write_text(
        yaml.safe_dump(
            {
                "rule_files": [str(ROOT / "deploy/watch/alerts.yml")],
                "tests": [
                    {"interval": "1m", "input_series": series, "promql_expr_test": questions}
                ],
            }
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        ["promtool", "test", "rules", str(case)], capture_output=True, text=True, check=False
    )
    # What does not come out as 0 is said with its question.
    assert "expr:" in done.stdout + done.stderr or done.returncode == 0, done.stdout + done.stderr
    return {alert for alert in alerts if f'alertname=\\"{alert}\\"' in done.stdout + done.stderr}


def series_of(sample, part):
    """A sample as promtool writes its series, of the part that Prometheus would name."""
    labels = {"part": part, **sample.labels}
    text = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{sample.name}{{{text}}}"
