"""The register of agencies at the desk."""
