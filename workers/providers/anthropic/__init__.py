"""Anthropic's Messages API, which vLLM and others serve as well."""
