"""What is remembered: the database, its tables, one repository per noun, the ledger, and the image store.

Nothing here knows Discord, vendors or words for members: rows are frozen values, errors carry facts.
"""
