"""What an inclusion proof costs from the tiles on disk, and how that grows with the log."""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
from math import log2
from pathlib import Path
from statistics import median
from uuid import UUID

from bench.results import Result, report
from shared.ledger.files import LedgerFolder
from shared.ledger.merkle import verify_inclusion
from shared.ledger.tiles import TiledTree

_SIZES = (10**3, 10**4, 10**5, 10**6)
_PROOFS = 200
_BOUND_MS = 1.0
_LOG = ("intake", UUID(int=1))


def results() -> list[Result]:
    """CPU milliseconds (median) for making and verifying a proof, and the growth of the making."""
    found: list[Result] = []
    cold: dict[int, float] = {}
    chosen = random.Random(6962)  # noqa: S311  the same places in every run
    for size in _SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = LedgerFolder(Path(name))
            leaves = [hashlib.sha256(b"%d" % number).digest() for number in range(size)]
            folder.write_tiles(*_LOG, 0, leaves)
            source = folder.tiles(*_LOG)
            root = TiledTree(source, size).root()
            warm_tree = TiledTree(source, size)
            times: dict[str, list[float]] = {"cold": [], "warm": [], "verify": []}
            for _ in range(_PROOFS):
                index = chosen.randrange(size)
                start = time.process_time_ns()
                proof = TiledTree(source, size).inclusion_proof(index)
                made = time.process_time_ns()
                verify_inclusion(leaves[index], index=index, size=size, proof=proof, root=root)
                verified = time.process_time_ns()
                warm_tree.inclusion_proof(index)
                again = time.process_time_ns()
                times["cold"].append((made - start) / 1e6)
                times["verify"].append((verified - made) / 1e6)
                times["warm"].append((again - verified) / 1e6)
        cold[size] = median(times["cold"])
        for what, words in (
            ("cold", "made from disk"),
            ("warm", "made with the tree kept"),
            ("verify", "verified"),
        ):
            found.append(
                Result(
                    name=f"inclusion proof of {size:,} leaves, {words} (CPU)",
                    value=round(median(times[what]), 4),
                    unit="ms",
                    bound=_BOUND_MS,
                    better="lower",
                )
            )
    # A cost that grew as n would be 1,000 times; log n is twice, and twice that is allowed.
    found.append(
        Result(
            name="growth of a proof's cost from 1,000 to 1,000,000 leaves",
            value=round(cold[10**6] / cold[10**3], 2),
            unit="times",
            bound=round(2 * log2(10**6) / log2(10**3), 2),
            better="lower",
        )
    )
    return found


if __name__ == "__main__":
    raise SystemExit(report(results(), Path("var/results/bench-proofs.json"), "Proofs from tiles"))
