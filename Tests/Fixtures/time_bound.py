"""Cases within a bound of time, for the turn of `scripts/parity --quick`."""
import random
import time


def within(seconds, functions, seed):
    """The functions in an order of the seed's, until the seconds are over; all of them in theirs without a bound."""
    if seconds is None:
        yield from functions
        return
    functions = list(functions)
    random.Random(seed).shuffle(functions)
    end = time.monotonic() + seconds
    for number, function in enumerate(functions):
        if time.monotonic() >= end:
            print(f"{number} of {len(functions)} cases in {seconds} s")
            return
        yield function
