"""OAuth 2.0 and OpenID Connect: tokens for programs that are not ours, and for services in their own name."""
