"""The register of agencies: documents proposed, approved, revoked; keys rotated; the sandbox."""
