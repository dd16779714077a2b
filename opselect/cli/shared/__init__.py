"""What several commands parse, ask and print."""
