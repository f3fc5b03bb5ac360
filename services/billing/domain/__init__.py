"""Pure rules: values in, values out; nothing here knows a database, a clock or a bank."""
