"""PostgreSQL: the pool, the migrations, and the embedded server of local mode and the tests."""
