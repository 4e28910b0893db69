"""The benchmarks, one a file. Each has `run(options) -> Report`."""
