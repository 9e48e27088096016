"""`python -m services.gateway.sdl` writes the schema of each role anew."""

from __future__ import annotations

from services.gateway.access import role_schemas
from services.gateway.sdl import path, text

for role, schema in role_schemas().items():
    path(role).write_text(text(schema), encoding="utf-8")
