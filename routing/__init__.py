"""Where a job goes, and what happens after an attempt fails. Everything here is a plain function of its arguments."""
