"""Data that we ship and its loaders: the tool catalogue, the platforms, the notices."""
