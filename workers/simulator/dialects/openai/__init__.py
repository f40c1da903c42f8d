"""The OpenAI API, as OpenAI, Groq, OpenRouter, vLLM and many local servers speak it."""
