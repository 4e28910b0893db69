"""Cases within a bound of time, for the turn of `scripts/parity --quick`."""
import random
import time


def within(seconds, functions, seed):
    """The functions in an order of the seed's, until the seconds of computing are over; all of them in theirs without a bound."""
    if seconds is None:
        yield from functions
        return
    functions = list(functions)
    random.Random(seed).shuffle(functions)
    end = time.process_time() + seconds
    for number, function in enumerate(functions):
        if time.process_time() >= end:
            print(f"{number} of {len(functions)} cases in {seconds} s of computing")
            return
        yield function
