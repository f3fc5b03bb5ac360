"""The tariff: rows from draft to approval, imports and quotes."""
