"""What a binary's bytes belong to, and what would go."""
