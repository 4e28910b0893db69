"""The rows of the benchmark `http`: each a promise, measured by itself, so that one can be measured alone."""
