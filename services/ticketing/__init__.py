"""Bounded context: requests and complaints of people; the aggregate is the ticket.

Serves what bus/contracts/ticketing.py (citizens) and bus/contracts/desk.py (staff) list; emits
ticket_registered, ticket_moved, ticket_escalated. A ticket's history is its event log.
"""
