"""Measurements that users can repeat: each prints what it found, and figures to hold it against."""
