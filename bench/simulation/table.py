"""Numbers and tables as text."""


def number(value):
    """Three digits that matter, and no e+05."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def text(head, rows):
    """Columns aligned at their right ends, two blanks between them."""
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in [head, *rows]
    ]
    return "\n".join(lines)
