"""`python -m deploy.systemd`: units for every part on Debian, made from the parts and compose."""
