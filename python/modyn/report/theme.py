"""Figures as plain data for plotly.js, with colours by role instead of by value.

A figure is a dict {data, layout}. Where a colour stands, it says "var(--role)"; the page looks the role up in
its style sheet, for light or for dark, when it draws. So one figure serves both, and the palette is in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

Figure = dict[str, Any]

INK, MUTED, LINE, SURFACE = "var(--ink)", "var(--muted)", "var(--line)", "var(--surface)"
HEAT = [[step / 6, f"var(--heat-{step})"] for step in range(7)]
_SERIES = 7
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon")


def series_colour(index: int) -> str:
    """Colour of the index-th run: distinguishable with any colour vision."""
    return f"var(--series-{index % _SERIES})"


def pale(colour: str) -> str:
    """A third of a colour on the surface: unlike opacity it neither adds up nor lets the grid through."""
    return colour.replace("var(", "pale(")


def series_symbol(index: int) -> str:
    """Marker of the index-th run, so that colour is never the only difference."""
    return _SYMBOLS[(index + index // _SERIES) % len(_SYMBOLS)]


def plain(text: object) -> str:
    """Text from a user, for plotly: it would read <b> and <a> as markup."""
    return escape(str(text), quote=False)


def values(numbers: Sequence[Any] | pd.Series[Any]) -> list[float | None]:
    """Numbers as JSON takes them: missing and NaN become null, which plotly leaves out."""
    return [None if pd.isna(value) else float(value) for value in numbers]


def layout(height: int, **more: Any) -> dict[str, Any]:
    """A layout with what all figures share."""
    return {
        "height": height,
        "margin": {"l": 64, "r": 16, "t": 8, "b": 44},
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
        **more,
    }


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with an optional title."""
    return {"automargin": True, **({"title": {"text": title}} if title else {}), **more}
