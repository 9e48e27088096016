"""Questions of those who make what is released: they read events, and never answer a reader."""
