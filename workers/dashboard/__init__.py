"""Flower for the fleet: its own pages without prompts, and one page more about pools, lanes and jobs."""
