"""What a job is, and how to hand one in."""
