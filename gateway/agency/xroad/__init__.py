"""The REST face of X-Road: an agency's information system calls us as its own security server.

It speaks X-Road's message protocol for REST (PR-REST 1.0) and its service metadata (PR-MREST,
PR-META) on the side where information systems call. It is no security server of an X-Road instance:
it answers alone, for services of ours. docs/xroad.md is for who calls.
"""
