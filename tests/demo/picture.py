"""The demo's plot as SVG, for the README: three panels over one time axis, on a background of its own so that it reads on any page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tests.demo.samples import Mark, Sample
from tests.demo.shop import LOWER, UPPER

WIDTH, LEFT, RIGHT, TOP = 860, 64, 24, 74
PANEL, GAP = 92, 34
INK, PALE, LOAD, CPU, SIZE, EVENT = "#24292f", "#d0d7de", "#8250df", "#cf222e", "#1a7f37", "#6e7781"

HALO = 'paint-order="stroke" stroke="#ffffff" stroke-width="3"'
"""Keeps words legible where a line crosses them."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """One strip: where it begins from above, its title, its colour, and the most it shows."""

    above: float
    title: str
    colour: str
    most: float

    def y(self, value: float) -> float:
        """Where a value lies."""
        return self.above + PANEL - value / self.most * PANEL


def svg(samples: Sequence[Sample], marks: Sequence[Mark], unit: str, caption: str) -> str:
    """The whole picture as text."""
    end = samples[-1].at if samples else 1.0
    height = TOP + 3 * PANEL + 2 * GAP + 64
    loads = [(sample.at, sample.load) for sample in samples]
    cpus = [(sample.at, sample.cpu) for sample in samples if sample.cpu is not None]
    sizes = [(sample.at, float(sample.up)) for sample in samples]
    tops = [_round_up(max((value for _, value in points), default=1.0)) for points in (loads, cpus, sizes)]
    titles = (f"load: {unit}", "CPU: mean per member, % of a core", "size: members that are up")
    panels = [
        Panel(TOP + place * (PANEL + GAP), title, colour, top)
        for place, (title, colour, top) in enumerate(zip(titles, (LOAD, CPU, SIZE), tops, strict=True))
    ]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(caption)}</title>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        _text(LEFT, 26, caption, size=14, weight="bold"),
        *_events(marks, end, panels[-1].above + PANEL),
        *(line for panel in panels for line in _frame(panel)),
        *_bounds(panels[1]),
        _area(_points(loads, end, panels[0]), panels[0]),
        _area(_points(cpus, end, panels[1]), panels[1]),
        _area(_steps(_points(sizes, end, panels[2])), panels[2]),
        *_ticks(end, panels[-1].above + PANEL),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(at: float, end: float) -> float:
    return LEFT + at / end * (WIDTH - LEFT - RIGHT)


def _points(values: Sequence[Point], end: float, panel: Panel) -> list[Point]:
    return [(_x(at, end), panel.y(value)) for at, value in values]


def _steps(points: Sequence[Point]) -> list[Point]:
    """A size holds until it changes."""
    stepped: list[Point] = []
    for x, y in points:
        if stepped:
            stepped.append((x, stepped[-1][1]))
        stepped.append((x, y))
    return stepped


def _area(points: Sequence[Point], panel: Panel) -> str:
    if not points:
        return ""
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    floor = panel.above + PANEL
    filled = f"{points[0][0]:.1f},{floor} {line} {points[-1][0]:.1f},{floor}"
    return (
        f'<polygon points="{filled}" fill="{panel.colour}" fill-opacity="0.13"/>\n'
        f'<polyline points="{line}" fill="none" stroke="{panel.colour}" stroke-width="1.8" stroke-linejoin="round"/>'
    )


def _frame(panel: Panel) -> list[str]:
    floor = panel.above + PANEL
    return [
        f'<path d="M{LEFT} {panel.above}V{floor}H{WIDTH - RIGHT}" fill="none" stroke="{PALE}"/>',
        _text(LEFT + 6, panel.above - 6, panel.title, colour=panel.colour),
        _text(LEFT - 8, panel.above + 5, f"{panel.most:g}", anchor="end"),
        _text(LEFT - 8, floor + 4, "0", anchor="end"),
    ]


def _bounds(panel: Panel) -> list[str]:
    lines = []
    for bound, words in ((UPPER, f"grows above {UPPER}"), (LOWER, f"shrinks below {LOWER}")):
        if bound <= panel.most:
            y = panel.y(bound)
            lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{EVENT}" stroke-dasharray="3 4" stroke-width="0.8"/>')
            lines.append(_text(WIDTH - RIGHT - 4, y - 4, words, anchor="end", colour=EVENT, size=10))
    return lines


def _events(marks: Sequence[Mark], end: float, floor: float) -> list[str]:
    lines = []
    for place, mark in enumerate(marks):
        x = _x(mark.at, end)
        lines.append(f'<path d="M{x:.1f} {TOP - 16}V{floor}" stroke="{EVENT}" stroke-width="0.8"/>')
        anchor = "end" if x > WIDTH * 0.8 else "start"
        lines.append(
            _text(x + (-4 if anchor == "end" else 4), TOP - 30 + 11 * (place % 2), mark.text, anchor=anchor, colour=EVENT, size=10)
        )
    return lines


def _ticks(end: float, floor: float) -> list[str]:
    step = next(step for step in (5, 10, 20, 30, 60, 300, 3600) if end / step <= 12 or step == 3600)
    return [_text(_x(second, end), floor + 18, f"{second} s", anchor="middle") for second in range(0, int(end) + 1, step)]


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, size: int = 12, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}" font-weight="{weight}" {HALO}>{escape(text)}</text>'


def _round_up(value: float) -> float:
    """The next pleasant number."""
    return next((float(top) for top in (1, 2, 4, 6, 10, 15, 20, 25, 30, 40, 60, 80, 100, 150, 200, 500) if value <= top), value)
