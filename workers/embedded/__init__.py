"""A private Redis server, for fleets that have none configured. Nothing else in the code knows the difference."""
