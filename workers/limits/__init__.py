"""Limits and quotas: what is reserved before a call, settled after it, and learned from what providers say."""
