"""Version 2 of Cohere's API; version 1 is another format, and retired."""
