"""The server of ruvLLM: one question, one answer."""
