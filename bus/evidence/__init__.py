"""Evidence that is verified without us: Merkle trees, signed checkpoints, leaves and receipts.

Pure: no database, no network, no clock. The log, the connector and auditors share it.
"""
