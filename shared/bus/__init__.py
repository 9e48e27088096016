"""NATS: streams, relay, consumers, request/reply, accounts. What is on it stands in docs/bus.md."""
