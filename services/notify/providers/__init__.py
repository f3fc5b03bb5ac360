"""Message providers: one file for each provider of SMS, behind one port.

To add a provider of SMS:

1. Write one file here: a frozen dataclass with the methods of `sms.SmsProvider`, as `smsir.py` and
   its neighbours have it, over the calls of `http.py`.
2. Register it by one line in `registry.py`.

`deploy/local/sms/protocols.py` plays the providers' side of each protocol for tests.
"""
