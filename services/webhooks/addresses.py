"""Which addresses a receiver may have: those of the public internet, and no other.

Sources: IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890), and what cloud
providers serve their machines' metadata at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

REFUSED_V4: Final = tuple(
    ipaddress.IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network; Linux takes it as loopback
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a carrier's customers; metadata of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own services, at an address that looks public
        "169.254.0.0/16",  # link-local, metadata among it
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols' own; metadata of one cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
"""All global unicast there is. Outside it lie loopback, IPv4-mapped, NAT64, unique-local, link-local
and multicast addresses.
"""

REFUSED_V6: Final = tuple(
    ipaddress.IPv6Network(each)
    for each in (
        "2001::/23",  # protocols' own, Teredo among them, which holds an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)


LOOPBACK_V4: Final = ipaddress.IPv4Network("127.0.0.0/8")
LOOPBACK_V6: Final = ipaddress.IPv6Address("::1")


def is_public(address: str, refused: Iterable[Network] = ()) -> bool:
    """Whether a receiver may be at this address, as a resolver writes it.

    `refused` are the operator's own: public addresses behind which its own servers stand, and the
    prefix of a NAT64 of its network.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if any(found in network for network in refused):
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in REFUSED_V4)
    # An address with a zone (fe80::1%eth0) belongs to a link.
    return (
        found.scope_id is None
        and found in PUBLIC_V6
        and not any(found in network for network in REFUSED_V6)
    )


def is_loopback(address: str) -> bool:
    """Whether it is this machine itself, plainly written: no IPv4-mapped address or the like."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found in LOOPBACK_V4 or found == LOOPBACK_V6


def networks(text: str) -> tuple[Network, ...]:
    """Networks with commas between them. Raises ValueError."""
    return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())
