"""The bus towards the broker: connections, consumers, replies, receipts, the relay."""
