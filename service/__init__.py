"""The hands that face the network: HTTP API, store, use cases, commands."""
