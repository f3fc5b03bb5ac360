"""The operational record: noted by faces and services, found by operators, read by agencies."""
