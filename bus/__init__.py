"""All that a process needs to ride on the bus, and nothing of the business (Shared Kernel).

contracts/   the Published Language: what may be said, by schema
envelope     who says it, when, in which matter (Envelope Wrapper, CloudEvents names)
errors       the refusals that travel; signing: HTTP signatures of agencies
topology     names of exchanges and queues; rabbit: pika for asyncio processes
store        the Unit of Work; inbox and outbox stand in its transaction
endpoint     @serve, @handle, @every (nameko entrypoints); service: base class
client       the gateway's way to ask a service
"""
