"""Transactions: calls found by id, agency, contract, time and outcome; the path of one."""
