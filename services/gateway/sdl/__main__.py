"""`python -m services.gateway.sdl` writes the schema of each role anew; with `release` also the one that
later changes are compared with.
"""

from __future__ import annotations

import sys

from services.gateway.access import served_schemas
from services.gateway.sdl import bare, path, released, text

for role, schema in served_schemas().items():
    path(role).write_text(text(schema), encoding="utf-8")
    if sys.argv[1:] == ["release"]:
        released(role).write_text(bare(text(schema)), encoding="utf-8")
