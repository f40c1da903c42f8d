"""What runs jobs: pools, providers, shared state, and the command line."""
