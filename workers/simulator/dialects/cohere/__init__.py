"""Version 2 of Cohere's API."""
