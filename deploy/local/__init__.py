"""Runs Mirab on one machine: private stores and all processes under one supervisor."""
