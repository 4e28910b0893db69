"""Writes Unicode's compatibility decompositions as a Swift table, from Python's own unicodedata.

    python make_decompositions.py > .../CompatibilityDecomposition+Table.swift

One line of text: for each code point with a decomposition, Hangul syllables aside, its distance from the one before,
and the code points it becomes, those that combine marked by a `-`; in base 36, between commas and semicolons.
"""
import unicodedata


def base36(number):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
        if not number:
            return text


entries = []
last = 0
for point in range(0x110000):
    if 0xd800 <= point < 0xe000 or 0xac00 <= point < 0xd7a4:
        continue
    text = unicodedata.normalize("NFKD", chr(point))
    # A mark that combines and decomposes to itself is told too: it is what gets stripped.
    if text == chr(point) and not unicodedata.combining(chr(point)):
        continue
    marks = ["-" if unicodedata.combining(part) else "" for part in text]
    entries.append(",".join([base36(point - last)] + [
        mark + base36(ord(part)) for mark, part in zip(marks, text)]))
    last = point

data = ";".join(entries)
print(f"""extension CompatibilityDecomposition {{
    /// Unicode {unicodedata.unidata_version}: each code point that decomposes or combines, by its distance from the one
    /// before, and what it becomes; what combines is marked by a `-`. In base 36. Made by `make_decompositions.py`.
    static let table = \"\"\"""")
width = 110
for start in range(0, len(data), width):
    is_last = start + width >= len(data)
    print("        " + data[start:start + width] + ("" if is_last else "\\"))
print('        """')
print("}")
