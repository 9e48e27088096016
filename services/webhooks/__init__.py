"""Webhooks: what integrations get over NATS, brought to an address of the receiver's."""
