"""Reports: the tables of runs as figures on one HTML page, and as text for the terminal."""

from modyn.report.page import write_report

__all__ = ["write_report"]
