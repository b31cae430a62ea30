"""Tables, queries, sessions, journal; nothing here decides."""
