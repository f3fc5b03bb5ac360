"""Whose an e-mail address is, as far as the address itself says; pure."""

# Everybody may have an address there: who writes from one says nothing of the others.
PUBLIC_PROVIDERS = frozenset(
    {
        "aol.com",
        "chmail.ir",
        "gmail.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mac.com",
        "mail.com",
        "mail.ru",
        "mailfa.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "rocketmail.com",
        "tuta.com",
        "vatanmail.ir",
        "yahoo.co.uk",
        "yahoo.com",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "zoho.com",
    }
)


def mailbox_of(address: str) -> str:
    """Return the mailbox behind an address: its case and tag (RFC 5233) make no other person. What
    begins with the sign of a tag is all its name: without it, it would be that of a whole domain.

    >>> mailbox_of("Sara+7@Example.IR"), mailbox_of("+7@example.ir")
    ('sara@example.ir', '+7@example.ir')
    """
    local, _, host = address.lower().rpartition("@")
    return f"{local.split('+', 1)[0] or local}@{host}"


def domain_of(address: str) -> str:
    """Return the whole domain of an address, as the list of senders writes it.

    >>> domain_of("Sara@Example.IR")
    '@example.ir'
    """
    return f"@{address.lower().rpartition('@')[2]}"
