"""Ollama's own API, with what only it has: loading, unloading and pulling models."""
