"""The owner's look at everything that pictures need; it changes nothing, and every call that it makes is free."""
