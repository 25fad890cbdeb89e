"""Which version of the package this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version of this package, "unknown" where it is not installed."""
    try:
        return metadata.version("digit-reader")
    except metadata.PackageNotFoundError:
        return "unknown"
