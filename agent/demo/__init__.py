"""What the demonstration needs to show itself: a small invented social site and its certificate. Loopback only."""
