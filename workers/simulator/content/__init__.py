"""What the simulated model writes: prose, test files, JSON, tool calls and vectors, the same for the same request."""
