"""`make compose-test`: starts docker-compose.yml for real, by podman, and walks through it.

Slow and heavy, so it is no part of the test suite. Images are built here, for none can be pulled
everywhere; images/README.md says in what they differ from the real ones.
"""
