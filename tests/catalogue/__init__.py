"""What maintainers of the tool catalogue start by hand; it never writes the catalogue."""
