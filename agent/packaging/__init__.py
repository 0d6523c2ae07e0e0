"""The extension as files that an organisation hands out: archives, update manifests, browsers' policies.

    extension/ → contents.py (what goes in) → archive.py (.zip, .xpi) → crx.py (.crx, with a key) → updates.py
    one `Deployment` → policies.py → what Chrome, Chromium, Edge and Firefox read on Linux, macOS and Windows

Everything here is a function from bytes to bytes; `build.py` alone writes files. Nothing asks the network.
"""
