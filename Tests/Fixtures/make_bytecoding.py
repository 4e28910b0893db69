"""Writes Tests/ByteCodingTests/Fixtures: floats as Python and NumPy read and print them. Run from the repository's root.

Python 3.11, numpy==2.3.5. Seeded: running it again gives the same files.

`doubles.txt` and `floats.txt`: one case a line, `<text> <bit pattern in hexadecimal>`. For doubles the oracle is CPython's
float(); for floats it is exact rational arithmetic, so that no double rounding can creep in.
`printed-doubles.txt`, `printed-floats.txt`: `<bit pattern> <shortest text>` from repr() and numpy's unique digits.
"""

import pathlib
import random
import struct
from fractions import Fraction

import numpy as np

OUT = pathlib.Path("Tests/ByteCodingTests/Fixtures")
OUT.mkdir(parents=True, exist_ok=True)
rng = random.Random(20240229)


def double_bits(value):
    return struct.unpack(">Q", struct.pack(">d", value))[0]


def from_bits(bits):
    return struct.unpack(">d", struct.pack(">Q", bits))[0]


def exact(bits, stored, bias):
    """The magnitude with these bits as a fraction, infinity included as the next power of two."""
    exponent, fraction = bits >> stored, bits & ((1 << stored) - 1)
    significand = fraction if exponent == 0 else fraction | 1 << stored
    return Fraction(significand) * Fraction(2) ** (max(exponent, 1) - bias - stored)


def round_to(value, stored, bias, infinity):
    """Bits of the nearest magnitude, ties to even, by bisection over the ordered bit patterns."""
    low, high = 0, infinity
    while low < high:
        middle = (low + high + 1) // 2
        if exact(middle, stored, bias) <= value:
            low = middle
        else:
            high = middle - 1
    if low == infinity:
        return infinity
    half = (exact(low, stored, bias) + exact(low + 1, stored, bias)) / 2
    return low + 1 if value > half or (value == half and low & 1) else low


def decimal_text(value):
    """A fraction whose denominator is a power of two, written out in full."""
    shift = value.denominator.bit_length() - 1
    digits = str(value.numerator * 5**shift)
    if shift == 0:
        return digits
    digits = digits.rjust(shift + 1, "0")
    return digits[:-shift] + "." + digits[-shift:]


def around_midpoint(bits, stored, bias):
    """The midpoint above these bits, and the numbers just below and above it, in full."""
    half = (exact(bits, stored, bias) + exact(bits + 1, stored, bias)) / 2
    text = decimal_text(half)
    with_point = text if "." in text else text + ".0"
    yield text
    yield with_point + "1"
    yield with_point + "0" * 40 + "1"
    last = len(text.rstrip("0").rstrip(".")) - 1
    yield text[:last] + str(int(text[last]) - 1) + "9" * 30 if text[last] not in "0." else text


def texts(stored, bias, infinity):
    yield from """0 0.0 -0 -0.0 0e5 0e999999 -0.0e-5 1 -1 10 123456789 9007199254740991 9007199254740992 9007199254740993
    9007199254740994 9007199254740995 18446744073709551615 18446744073709551616 18446744073709551617 9223372036854775807
    9223372036854775808 0.1 0.2 0.3 1e22 1e23 1e-22 1e-23 8.5e22 5e-324 4.9406564584124654e-324 2.4703282292062327e-324
    2.4703282292062328e-324 2.2250738585072011e-308 2.2250738585072014e-308 2.225073858507201e-308
    1.7976931348623157e308 1.7976931348623158e308 1.797693134862315708145274237317043567981e+308 179769313486231580793e289
    1e308 1e309 1e400 -1e400 1e-400 1e-999999999999 1e999999999999 123e-5 1.5E+3 1.5e-0 0.000000000000000000000000000001
    1000000000000000000000000000000 3.4028235e38 3.4028236e38 3.40282357e38 1.4e-45 7e-46 7.1e-46 1.1754944e-38
    16777217 16777219 1.00000005960464477539062499 1.00000005960464477539062500 1.00000005960464477539062501
    6929495644600919.5 3.237883913302901e-319 2.109808898695963e16 4.708356024711512e18 9.409340012568248e18
    0.500000000000000166533453693773481063544750213623046875 1090544144181609348671888949248
    1090544144181609348835077142190 10151695875615887e-12 7.2057594037927933e16 1.2345678901234567e-300""".split()
    for _ in range(60):
        bits = rng.randrange(infinity)
        yield from around_midpoint(bits, stored, bias)
    for bits in [0, 1, 2, (1 << stored) - 1, 1 << stored, infinity - 1, infinity - 2]:
        yield from around_midpoint(bits, stored, bias)
    low, high = (-345, 309) if stored == 52 else (-67, 39)
    for _ in range(1200):
        digits = rng.randint(1, 25)
        number = str(rng.randrange(10 ** (digits - 1), 10**digits))
        if rng.random() < 0.5 and digits > 1:
            point = rng.randint(1, digits - 1)
            number = number[:point] + "." + number[point:]
        if rng.random() < 0.7:
            number += f"e{rng.randint(low, high)}"
        yield ("-" if rng.random() < 0.3 else "") + number
    yield "0." + "0" * 400 + "123456789012345678901234567890e400"
    yield "1" * 800
    yield "9" * 309
    yield "1" + "0" * 308
    yield "3." + "14159265358979323846" * 60


def fraction_of(text):
    """Fraction(text), but for exponents that would not fit into memory."""
    mantissa, _, exponent = text.lower().partition("e")
    exponent = max(min(int(exponent or 0), 2000), -2000)
    return Fraction(mantissa) * Fraction(10) ** exponent


with open(OUT / "doubles.txt", "w") as out:
    for text in texts(52, 1023, 0x7FF << 52):
        out.write(f"{text} {double_bits(float(text)):016x}\n")

with open(OUT / "floats.txt", "w") as out:
    for text in texts(23, 127, 0xFF << 23):
        bits = round_to(abs(fraction_of(text)), 23, 127, 0xFF << 23) | (text[0] == "-") << 31
        out.write(f"{text} {bits:08x}\n")

with open(OUT / "printed-doubles.txt", "w") as out:
    patterns = [1, 2, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, double_bits(1e16), double_bits(1e23)]
    patterns += [double_bits(v) for v in [1.0, 0.1, 0.3, 1e15, 9999999999999998.0, 1e-4, 1e-5, 123456.0, 5e-324, 2.0**-1074]]
    patterns += [e << 52 for e in range(1, 2047, 13)]
    patterns += [rng.getrandbits(63) for _ in range(2500)]
    patterns += [double_bits(rng.uniform(-1000, 1000)) for _ in range(700)]
    patterns += [double_bits(round(rng.uniform(-1000, 1000), rng.randint(0, 6))) for _ in range(700)]
    for bits in patterns:
        value = from_bits(bits)
        if np.isfinite(value):
            out.write(f"{bits:016x} {value!r}\n")


def float_text(value):
    """NumPy's shortest digits in the layout of Python's repr."""
    text = np.format_float_scientific(value, unique=True, trim="-", exp_digits=1)
    mantissa, exponent = text.split("e")
    sign = "-" if mantissa[0] == "-" else ""
    digits = mantissa.lstrip("-").replace(".", "")
    point = int(exponent) + 1
    if -4 < point <= 16:
        if point <= 0:
            body = "0." + "0" * -point + digits
        elif point < len(digits):
            body = digits[:point] + "." + digits[point:]
        else:
            body = digits + "0" * (point - len(digits)) + ".0"
    else:
        body = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        body += f"e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    return sign + body


with open(OUT / "printed-floats.txt", "w") as out:
    patterns = [1, 2, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x3F800000, 0x3DCCCCCD]
    patterns += [e << 23 for e in range(1, 255)]
    patterns += [rng.getrandbits(31) for _ in range(2500)]
    patterns += [int(np.float32(rng.uniform(-100, 100)).view(np.uint32)) for _ in range(1000)]
    for bits in patterns:
        value = np.uint32(bits).view(np.float32)
        if np.isfinite(value):
            out.write(f"{bits:08x} {float_text(value)}\n")
