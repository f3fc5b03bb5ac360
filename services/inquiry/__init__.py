"""Bounded context: lawful questions of agencies and people about water sources, and the answers.

The aggregate is the answer, which never changes. Rooms: questions, batches, own_inquiries, parcels,
registry (what is looked up), registry_import (how it is loaded), domain (the rules). The contracts
stand in contracts/inquiry; service.py serves them.
"""
