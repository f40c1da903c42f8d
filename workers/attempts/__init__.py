"""One delivery of a job: its lease, its target, its call, and what is written of it."""
