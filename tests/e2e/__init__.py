"""End to end: the extension folder in real Chromium and Firefox, the real native host, and an agent at the far end."""
