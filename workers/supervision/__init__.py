"""Child processes that are kept running: started, watched, started again, and ended together."""
