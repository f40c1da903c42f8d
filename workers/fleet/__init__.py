"""A whole fleet on this machine: which providers it has, what runs for them, and its start and end."""
