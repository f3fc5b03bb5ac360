"""Metrics of the rights watcher, apart from its program: a forked process runs that twice."""

from prometheus_client import Gauge

BEHIND = Gauge("mirab_rights_behind", "1 while a broker is not in line with the register")
AWAY = Gauge("mirab_rights_agencies_away", "1 while the agencies' broker does not answer")
