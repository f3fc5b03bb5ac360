"""Message providers: one file for each, behind one port.

A new provider of SMS is one file here: a frozen dataclass with the methods of `sms.Provider`, as
`smsir.py` and its neighbours have it, over the calls of `http.py`; and one line of registration in
`registry.py`. Its protocol is played for tests in `deploy/local/sms_protocols.py`.
"""
