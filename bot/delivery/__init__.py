"""Handing results over where they were asked for; `deliver` answers None (arrived), LATER, or why it could not be."""

LATER = "later"
"""The place gave no usable answer: the result is kept and handed over in another round."""
