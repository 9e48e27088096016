"""Every message between services, versioned. AsyncAPI and the gateway's types are derived from here."""
