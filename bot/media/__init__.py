"""Fetching, probing and keeping of files."""
