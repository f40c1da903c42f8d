"""What the fleet knows of models: the shipped registry, a user's corrections to it, and what providers list."""
