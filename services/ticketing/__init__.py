"""Bounded context: requests and complaints of people; the aggregate is the ticket.

Serves what contracts/ticketing lists for citizens and staff; emits
ticket_registered, ticket_moved, ticket_escalated. A ticket's history is its event log.
"""
