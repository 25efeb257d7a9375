"""How Gate knows us: tokens, OAuth flows, service accounts, sessions."""
