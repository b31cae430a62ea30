"""A picture of a terminal, as SVG: the same letters give the same bytes."""

from html import escape

from crmtui.text import width

ACROSS, DOWN, MARGIN, BAR = 8.4, 19, 18, 34
"""Pixels: a cell, a line, the space around the text, the bar of the window."""
COLOURS = {"ground": "#16181d", "bar": "#23262d", "text": "#d7dae0", "said": "#8fc7a0", "title": "#f0c674"}


def svg(typed: str, text: str) -> str:
    """A window in which `typed` was answered with `text`; the first line of each paragraph stands out."""
    lines = [("said", f"$ {typed}"), ("text", ""), *_coloured(text)]
    wide = max(width(line) for _, line in lines) * ACROSS + 2 * MARGIN
    high = len(lines) * DOWN + 2 * MARGIN + BAR
    rows = [
        f'<text class="{kind}" x="{MARGIN}" y="{BAR + MARGIN + number * DOWN + 12}" '
        f'textLength="{width(line) * ACROSS:.1f}" xml:space="preserve">{escape(line)}</text>'
        for number, (kind, line) in enumerate(lines)
        if line
    ]
    size = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
    font = "text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}.title{font-weight:bold}"
    styles = font + "".join(f".{kind}{{fill:{COLOURS[kind]}}}" for kind in ("text", "said", "title"))
    dots = "".join(
        f'<circle cx="{22 + 20 * place}" cy="{BAR / 2:.0f}" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(typed)}</title>",
            f"<style>{styles}</style>",
            f'<rect width="100%" height="100%" rx="10" fill="{COLOURS["ground"]}"/>',
            f'<path d="M0 {BAR}V10a10 10 0 0 1 10-10H{wide - 10:.0f}a10 10 0 0 1 10 10V{BAR}Z" fill="{COLOURS["bar"]}"/>',
            dots,
            *rows,
            "</svg>\n",
        ]
    )


def _coloured(text: str) -> list[tuple[str, str]]:
    kinds = []
    for paragraph in text.strip("\n").split("\n\n"):
        first, *others = paragraph.splitlines()
        kinds += [("title", first), *(("text", line) for line in others), ("text", "")]
    return kinds[:-1]
