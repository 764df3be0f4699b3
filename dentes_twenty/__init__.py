"""Moves a dental practice from Dr.DENTES report exports into Twenty CRM."""

__version__ = "0.1.0"
