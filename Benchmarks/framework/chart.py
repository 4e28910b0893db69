"""A chart of bars as SVG: groups of engines on a logarithmic axis, so that 100 ns and 1 ms can stand side by side."""

from __future__ import annotations

import dataclasses
import html
import math

_WIDTH = 900
_LABELS = 240
_BAR = 16
_GAP = 26


@dataclasses.dataclass
class Group:
    """One model, and what a row costs in each engine, in nanoseconds."""

    name: str
    nanoseconds: dict[str, float]


def draw(title: str, groups: list[Group], ours: str) -> str:
    """The document. Bars are in the order of their cost; `ours` stands out."""
    values = [value for group in groups for value in group.nanoseconds.values()]
    if not values:
        return ""
    low = 10 ** math.floor(math.log10(min(values)))
    high = 10 ** math.ceil(math.log10(max(values)))

    def place(value: float) -> float:
        return _LABELS + (_WIDTH - _LABELS - 90) * math.log(value / low) / max(math.log(high / low), 1e-9)

    height = 70 + sum(_GAP + _BAR * len(group.nanoseconds) for group in groups)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="15" font-weight="bold">{html.escape(title)}</text>',
    ]
    tick = low
    while tick <= high:
        x = place(tick)
        lines.append(f'<line x1="{x:.1f}" y1="36" x2="{x:.1f}" y2="{height - 24}" stroke="#dddddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" fill="#666666">{_text(tick)}</text>')
        tick *= 10
    y = 40.0
    for group in groups:
        lines.append(f'<text x="16" y="{y + 14:.0f}" font-weight="bold">{html.escape(group.name)}</text>')
        y += 18
        for name, value in sorted(group.nanoseconds.items(), key=lambda item: item[1]):
            color = "#c2410c" if name == ours else "#94a3b8"
            lines.append(f'<text x="{_LABELS - 8}" y="{y + 11:.0f}" text-anchor="end">{html.escape(name)}</text>')
            lines.append(
                f'<rect x="{_LABELS}" y="{y + 2:.0f}" width="{max(place(value) - _LABELS, 1):.1f}" height="{_BAR - 4}" '
                f'fill="{color}"/>')
            lines.append(f'<text x="{place(value) + 6:.1f}" y="{y + 11:.0f}" fill="#333333">{_text(value)}</text>')
            y += _BAR
        y += _GAP - 18
    return "\n".join([*lines, "</svg>", ""])


def _text(nanoseconds: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"
