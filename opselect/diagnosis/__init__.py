"""Failures of logs × releases × a build × a model → why they happen, as findings, the likeliest first."""
