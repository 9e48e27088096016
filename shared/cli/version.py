"""The version of Hoeksteen; pyproject.toml reads it from here."""

VERSION = "0.1.0"
