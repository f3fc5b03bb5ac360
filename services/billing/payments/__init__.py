"""Payments at the gateways of banks: attempts, checkout, verification, exceptions, refunds."""
