"""Charts as SVG, both axes logarithmic: lines are the formula's, points the simulation's."""

import html
import math

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 74, 140, 44, 56
LEGEND_LINE = 18

#: Told apart without colours too, by the order of the legend; no red beside green.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555", "#e69f00")


class Axis:
    """Powers of ten over so many pixels; `flips` when pixels count against it."""

    def __init__(self, values, first_px, last_px):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.first_px, self.last_px = first_px, last_px

    def px(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.first_px + share * (self.last_px - self.first_px)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def tick_text(value):
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def label(x, y, words, anchor="middle", size=12, more=""):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{more}>'
        f"{html.escape(words)}</text>"
    )


def grid(across, up, x_title, y_title):
    parts = []
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for value in across.ticks():
        x = across.px(value)
        parts.append(f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#dddddd"/>')
        parts.append(label(x, bottom + 18, tick_text(value)))
    for value in up.ticks():
        y = up.px(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(label(LEFT - 8, y + 4, tick_text(value), "end"))
    parts.append(label((LEFT + right) / 2, HEIGHT - 14, x_title))
    middle = (TOP + bottom) / 2
    parts.append(label(18, middle, y_title, more=f' transform="rotate(-90 18 {middle:.1f})"'))
    return parts


def draw_series(across, up, place, points, line):
    """Later series have smaller points, so that none is hidden where all are the same."""
    colour = COLOURS[place]
    parts = []
    if line:
        path = "L".join(f"{across.px(x):.1f} {up.px(y):.1f}" for x, y in line)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    for x, y in points:
        at = f'cx="{across.px(x):.1f}" cy="{up.px(y):.1f}"'
        parts.append(f'<circle {at} r="{6.5 - place}" fill="{colour}"/>')
    return parts


def legend(names):
    parts = []
    for place, name in enumerate(names):
        y = TOP + 16 + place * LEGEND_LINE
        at = f'cx="{WIDTH - RIGHT + 18}" cy="{y - 4}"'
        parts.append(f'<circle {at} r="4" fill="{COLOURS[place]}"/>')
        parts.append(label(WIDTH - RIGHT + 28, y, name, "start"))
    return parts


def chart(title, x_title, y_title, series):
    """The SVG of `series`: (name, points of the simulation, line of the formula), each (x, y)."""
    everything = [point for _, points, line in series for point in (*points, *line)]
    across = Axis([x for x, _ in everything], LEFT, WIDTH - RIGHT)
    up = Axis([y for _, y in everything], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" fill="#222222">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        label((LEFT + WIDTH - RIGHT) / 2, 26, title, size=15),
        *grid(across, up, x_title, y_title),
    ]
    for place, (_, points, line) in enumerate(series):
        parts += draw_series(across, up, place, points, line)
    parts += legend([name for name, _, _ in series])
    return "\n".join([*parts, "</svg>", ""])
