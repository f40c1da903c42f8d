"""The fleet's numbers for Prometheus. The names are an interface: docs/metrics.md lists them, and a test compares."""
