"""The database's key: in the operating system's key store where there is one, else in a file of our own."""
