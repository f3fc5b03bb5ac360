"""Alerts by e-mail about public reports: asked for, proven, sent, ended."""
