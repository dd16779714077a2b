"""Failures of logs × releases × what is known of a build and a model → causes, and what mends them."""
