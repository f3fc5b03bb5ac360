"""How we stand: status, announcements, feeds, subscriptions."""
