"""The notify service: messages to people, announcements, and what became of them."""

from bus.service import Service


class Notify(Service):
    name = "notify"
