"""Which hosts are this very machine: the only ones that patients' data may travel to without TLS.

Belongs here: the one rule, for the practice file and for the client. Does not belong here: looking names up.
"""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """True for localhost and loopback addresses; names are not looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
