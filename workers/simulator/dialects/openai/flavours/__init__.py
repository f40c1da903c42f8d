"""Whose words the OpenAI dialect uses: one API, with each provider's own headers, error bodies and extra fields."""
