"""All that a process needs to ride on the bus, and nothing of the business (Shared Kernel).

kinds, fields   Request, Command and Event, and the fields that contracts are made of
envelope        who says it, when, in which matter (Envelope Wrapper, CloudEvents names)
errors          the refusals that travel
topology        names of exchanges and queues
endpoint        @serve, @handle, @every (nameko entrypoints); service: the base class
activator       runs a method for messages in one transaction
client          the gateway's way to ask a service
amqp/           the broker; database/ transactions, inbox, outbox; signatures/ keys and signing
foreign/        files, letters and HTTP answers of others; process/ logs, metrics, health
"""
