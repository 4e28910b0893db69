"""What every benchmark shares: servers as processes, load, CPU time and memory, rounds, results. Python's library only."""
