"""The demo's plot as characters: three strips over one time axis."""

from collections.abc import Callable, Sequence

from tests.demo.samples import Mark, Sample

BLOCKS, PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*##"
ROWS = 4
GUTTER = 10

Pick = Callable[[Sample], float | None]


def draw(samples: Sequence[Sample], marks: Sequence[Mark], unit: str, width: int, *, unicode: bool = True) -> list[str]:
    """Lines of the plot, at most `width` wide. `unit` says what the load is counted in."""
    if not samples:
        return ["(nothing to plot)"]
    columns = max(20, min(width - GUTTER - 1, 100))
    end = max(samples[-1].at, 1.0)
    blocks = BLOCKS if unicode else PLAIN
    strips: list[tuple[str, Pick]] = [
        (f"load: {unit}", lambda sample: sample.load),
        ("CPU: mean per member, % of a core", lambda sample: sample.cpu),
        ("size: members that are up", lambda sample: float(sample.up)),
    ]
    lines = []
    for title, pick in strips:
        lines += ["", " " * GUTTER + title, *_strip([pick(sample) for sample in _spread(samples, end, columns)], blocks)]
    lines += _axis(end, columns)
    return lines + [f"{' ' * GUTTER}{_place(mark.at, end, columns) * ' '}^ {mark.at:.0f} s {mark.text}" for mark in marks]


def _spread(samples: Sequence[Sample], end: float, columns: int) -> list[Sample]:
    """For each column the last sample not later than it."""
    spread, position = [], 0
    for column in range(columns):
        until = end * (column + 1) / columns
        while position + 1 < len(samples) and samples[position + 1].at <= until:
            position += 1
        spread.append(samples[position])
    return spread


def _strip(values: Sequence[float | None], blocks: str) -> list[str]:
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    steps = len(blocks) - 1
    heights = [round((value or 0.0) / top * ROWS * steps) for value in values]
    lines = []
    for row in reversed(range(ROWS)):
        label = f"{top:8.4g} " if row == ROWS - 1 else f"{0:8d} " if row == 0 else " " * 9
        lines.append(f"{label}|" + "".join(blocks[min(max(height - row * steps, 0), steps)] for height in heights).rstrip())
    return lines


def _axis(end: float, columns: int) -> list[str]:
    ticks = [" "] * (columns + 8)
    for second in range(0, int(end) + 1, _tick(end)):
        place = _place(second, end, columns)
        ticks[place : place + len(f"{second} s")] = f"{second} s"
    return [" " * (GUTTER - 1) + "+" + "-" * columns, " " * GUTTER + "".join(ticks).rstrip()]


def _tick(end: float) -> int:
    return next(step for step in (5, 10, 20, 30, 60, 300, 3600) if end / step <= 9 or step == 3600)


def _place(at: float, end: float, columns: int) -> int:
    return min(int(at / end * columns), columns - 1)
