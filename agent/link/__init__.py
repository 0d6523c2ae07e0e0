"""Two-way sessions with browsers over the relay's socket, and the control socket of the command line."""
