"""What is in a binary: sections, symbols, functions, and the registrations that its code makes at start-up."""
