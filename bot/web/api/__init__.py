"""The HTTP API: its operations are listed in `operations`, and everything else is made from that list."""
