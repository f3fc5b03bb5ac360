"""Fuzzing of the parsers that strangers reach, guided by coverage (`make fuzz PARSER=mail`).

Each parser of [parsers.py](parsers.py) takes any bytes and may answer or refuse by the errors that
it declares; another error, more than a few seconds of the processor, or a broken rule is a finding.
A finding is kept as a small file in `findings/`, which `test_findings.py` replays.
"""
