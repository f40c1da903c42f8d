"""Models that a pool runs itself: their files, the server for them, and what of the machine they may take."""
