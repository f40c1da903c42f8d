"""A pool's provider: its endpoints, their breakers and load, and what calls of it cost."""
