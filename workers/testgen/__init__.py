"""One test-generation job for each public function of a Python package: what to ask, and what to do with the answer."""
