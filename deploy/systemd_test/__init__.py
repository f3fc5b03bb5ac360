"""`make systemd-test`: Debian with systemd as PID 1 in a container, by the steps of docs/deploy.md.

The machine is a tree by debootstrap that systemd-nspawn boots in a network namespace of its own;
the journeys are those of the compose test.
"""
