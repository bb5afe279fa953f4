"""Storage against real databases: SQLite files, and a PostgreSQL that the test run starts for itself."""
