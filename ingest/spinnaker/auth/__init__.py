"""Authentication at Gate: passwords, tokens, OAuth flows, service accounts."""
