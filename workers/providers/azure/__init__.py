"""Azure OpenAI: OpenAI's words at addresses of its own."""
