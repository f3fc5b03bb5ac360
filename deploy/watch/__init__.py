"""Rules of Prometheus, dashboards of Grafana, and both started on a developer's machine."""
