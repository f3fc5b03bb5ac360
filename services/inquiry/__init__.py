"""Bounded context: lawful questions of agencies about subscribers; the aggregate is the answer.

Serves ask, get, verify, submit_batch, batch_status, read_batch, load_registry, load_status, health;
handles answer_batch_part (its own); emits registry_loaded, batch_answered and day_counted.
"""
