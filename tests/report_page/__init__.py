"""The page of a document in a real browser."""
