"""A small reader of UBJSON, for what XGBoost writes: enough to turn a committed `.ubj` model into JSON and to break it."""

import struct

_SCALARS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}


def loads(data):
    value, end = _value(data, 0, data[:1])
    assert end == len(data), "bytes behind the document"
    return value


def _value(data, position, kind):
    """The value whose marker `kind` stands at `position`, and where it ends."""
    return _payload(data, position + 1, kind)


def _payload(data, position, kind):
    if kind in _SCALARS:
        size = struct.calcsize(_SCALARS[kind])
        return struct.unpack_from(_SCALARS[kind], data, position)[0], position + size
    if kind == b"S":
        return _text(data, position)
    if kind == b"T" or kind == b"F":
        return kind == b"T", position
    if kind == b"Z":
        return None, position
    if kind == b"{":
        return _object(data, position)
    if kind == b"[":
        return _array(data, position)
    raise ValueError(f"marker {kind!r} at {position}")


def _text(data, position):
    length, position = _value(data, position, data[position : position + 1])
    return data[position : position + length].decode(), position + length


def _object(data, position):
    result = {}
    while data[position : position + 1] != b"}":
        key, position = _text(data, position)
        result[key], position = _value(data, position, data[position : position + 1])
    return result, position + 1


def _array(data, position):
    kind = None
    if data[position : position + 1] == b"$":
        kind, position = data[position + 1 : position + 2], position + 2
    if data[position : position + 1] == b"#":
        count, position = _value(data, position + 1, data[position + 1 : position + 2])
        result = []
        for _ in range(count):
            if kind:
                value, position = _payload(data, position, kind)
            else:
                value, position = _value(data, position, data[position : position + 1])
            result.append(value)
        return result, position
    result = []
    while data[position : position + 1] != b"]":
        value, position = _value(data, position, data[position : position + 1])
        result.append(value)
    return result, position + 1
