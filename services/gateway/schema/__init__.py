"""The GraphQL types, a file per domain, each with its part of the access table."""
