"""The gateway: GraphQL for people and programs outside, one schema per role, no rule of its own."""
