"""The register of agencies: what its officers do and what faces ask.

Their owner is the team of services/agencies.
"""
