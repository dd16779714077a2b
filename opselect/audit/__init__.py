"""What of a binary is whose, and what would go with what."""
