"""Message providers: one file for each provider of SMS, behind one port.

How one is added, file by file, stands in docs/extend.md.
`deploy/local/sms/protocols.py` plays the providers' side of each protocol for tests.
"""
