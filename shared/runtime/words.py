"""The words by which the command line asks a service's program for an operation (shared.runtime.operate),
and by which that answers. Alone here: who asks need not load what a service is made of.
"""

from __future__ import annotations

from typing import Final

REBUILD_PROJECTIONS: Final = "rebuild-projections"
AUDIT: Final = "audit"
AS_JSON: Final = "--json"
KEY_RING: Final = "key-ring"
STATUS: Final = "status"
ROTATE: Final = "rotate"
RIGHT: Final = "✓"
WRONG: Final = "✗"
KEEP_OLD: Final = "--keep-old"
PASS_OVER: Final = "pass-over"  # noqa: S105  to pass over, no password
