"""Proofs that agency faces have taken: each is accepted once, whichever machine it comes to."""
