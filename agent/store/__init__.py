"""The one encrypted database of an instance, its one writer, its migrations and its retention.

`database.py` opens it and runs what the other modules say: each of them is one concept as plain functions over a
connection, so that several concepts commit together in one transaction. `schema.py` holds every table.
"""
