"""Who asks: roles, principals, and the tokens that prove them."""
