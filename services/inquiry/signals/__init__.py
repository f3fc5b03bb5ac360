"""The signal hub: agencies watch subscribers by pseudonym and hear that something changed.

Nothing is learned from the hub of who is registered: a deposit never looks at the registry, and a
signal is sent only of those about whom the agency has lawfully asked under the same purpose.
"""
