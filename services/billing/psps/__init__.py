"""Payment gateways of banks: the port, an adapter for each protocol, the configuration."""
