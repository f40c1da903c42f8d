"""OpenAI's API, which most servers and providers speak: what differs between them is in their rows."""
