"""What proves an agency: tokens, DPoP proofs, certificates; each is accepted once."""
