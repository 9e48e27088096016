"""Reports: drafted from releases, interpreted by advisers, published and frozen."""
