"""Estimates of tokens, held against what providers count."""
