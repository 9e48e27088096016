"""Which addresses webhooks may reach: every refused class, in every way of writing it."""

from __future__ import annotations

import pytest

from services.webhooks.addresses import is_public, networks
from services.webhooks.destinations import (
    Rules,
    SystemResolver,
    Unreachable,
    checked_addresses,
    destination,
)
from services.webhooks.posting import Answer
from tests.webhook_lab import Names

REFUSED = (
    # Loopback and unspecified.
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "::1", "::"),  # noqa: S104
    # Private, shared by a carrier's customers, link-local.
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12:3456::1"),
    *("100.64.0.1", "100.127.255.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "fec0::1"),
    # Metadata of clouds.
    *("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    # Multicast, broadcast, reserved, documentation, measurements.
    *("224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "ff02::1"),
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1", "3fff::1"),
    # Addresses that hold another: mapped, compatible, translated (NAT64), 6to4, Teredo.
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1", "::7f00:1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::a00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:a00:1::1", "2001::a00:1"),
    # No addresses at all.
    *("", "localhost", "127.1", "0x7f.1", "1.1.1.1 ", "2606:4700::1111%1"),
)


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_inside_is_refused(address: str) -> None:
    """Nothing that is not plainly an address of the public internet is one."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "2a00::1"]
)
def test_an_address_outside_is_taken(address: str) -> None:
    """Public addresses pass, also those that lie beside refused networks."""
    assert is_public(address)


def test_an_operator_refuses_networks_of_its_own() -> None:
    """Public addresses of its own servers, and the prefix of its NAT64."""
    own = networks("1.1.1.0/24, 2a00:64::/96")
    assert not is_public("1.1.1.1", own)
    assert not is_public("2a00:64::a00:1", own)
    assert is_public("1.1.2.1", own)


@pytest.mark.parametrize("address", [each for each in REFUSED if each])
async def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    """Also when it stands among public ones: a receiver has no business with both."""
    place = destination("https://hooks.example.com/", Rules())
    for found in ([address], ["1.1.1.1", address], [address, "1.1.1.1"]):
        with pytest.raises(Unreachable, match="not public"):
            await checked_addresses(place, Rules(), Names(hooks_example_com=[found]))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://hooks.example.com/", "https"),
        ("ftp://hooks.example.com/", "https"),
        ("file:///etc/passwd", "https"),
        ("hooks.example.com", "https"),
        ("http://127.0.0.1:9000/", "https"),
        ("https://127.0.0.1/", "by its name"),
        ("https://2130706433/", "by its name"),
        ("https://0x7f000001/", "by its name"),
        ("https://127.0.0.1.", "by its name"),
        ("https://[::1]/", "by its name"),
        ("https://localhost/", "by its name"),
        ("https://nats/", "by its name"),
        ("https://metadata.google.internal/", "by its name"),
        ("https://printer.local/", "by its name"),
        ("https://hööks.example.com/", "ASCII"),
        ("https://hooks.example.com:22/", "port"),
        ("https://hooks.example.com:8443/", "port"),
        ("https://hooks.example.com:99999/", "no address"),
        ("https://user:secret@hooks.example.com/", "user"),
        ("https://1.1.1.1#@hooks.example.com/", "fragment"),
        ("https://hooks.example.com\\@127.0.0.1/", "user"),
        ("https://hooks.example.com/\r\nX: y", "ASCII"),
        ("https://hooks.example.com/a b", "%XX"),
        ("https://hooks.example.com/" + "a" * 2000, "2000"),
    ],
)
def test_an_address_that_may_not_be_is_told(url: str, sentence: str) -> None:
    """In a sentence, which does not repeat the address: it may hold a secret."""
    with pytest.raises(Unreachable, match=sentence) as told:
        destination(url, Rules())
    assert "hooks.example.com" not in str(told.value)


@pytest.mark.parametrize("name", ["0x7f.1.0x0.0x1", "localtest.localhost", "0177.0.0.0x1"])
async def test_the_machines_own_resolver_opens_no_way(name: str) -> None:
    """Odd ways to write 127.0.0.1 are names to nobody, or lead where everything is refused."""
    resolver = SystemResolver()
    try:
        with pytest.raises(Unreachable):
            await checked_addresses(destination(f"https://{name}/", Rules()), Rules(), resolver)
    finally:
        resolver.close()


def test_local_mode_reaches_this_machine_and_nothing_else_without_tls() -> None:
    """Without TLS 127.0.0.1 and localhost alone are reached, at any port."""
    local = Rules(local=True)
    assert 9000 == destination("http://127.0.0.1:9000/x?y=1", local).port
    assert not destination("http://localhost/", local).secure
    with pytest.raises(Unreachable, match="https"):
        destination("http://192.168.1.1/", local)


async def test_localhost_without_tls_must_be_this_machine() -> None:
    """A name server that says otherwise sends nothing in the clear elsewhere."""
    local = Rules(local=True)
    with pytest.raises(Unreachable, match="https"):
        await checked_addresses(
            destination("http://localhost/", local), local, Names(localhost=[["1.1.1.1"]])
        )
    with pytest.raises(Unreachable, match="not public"):
        await checked_addresses(
            destination("http://localhost/", local), local, Names(localhost=[["192.168.1.1"]])
        )


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, 0),
        ("120", 120),
        ("99999999999999", 86_400),
        ("-5", 0),
        ("soon", 0),
        ("Sat, 28 Nov 2026 20:02:00 GMT", 120),
        ("Sat, 28 Nov 2026 19:00:00 GMT", 0),
        ("Sat, 28 Nov 2099 19:00:00 GMT", 86_400),
    ],
)
def test_retry_after_is_read_in_both_forms(retry_after: str | None, seconds: float) -> None:
    """Seconds or a date (RFC 9110, section 10.2.3), at most a day; what is neither counts as nothing."""
    assert seconds == Answer(429, retry_after).pause(now=1795896000.0)
