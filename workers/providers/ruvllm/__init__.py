"""ruvLLM: one query at a time, or OpenAI's API where the server has it."""
