"""Answers as a page to look at: one HTML file that needs no network."""
