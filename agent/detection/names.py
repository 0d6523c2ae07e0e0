"""How the keys of platforms, families, libraries, modes and techniques are said in a sentence."""

from __future__ import annotations

PLATFORMS = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "threads": "Threads",
    "whatsapp": "WhatsApp",
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "x": "X",
    "github": "GitHub",
}
LIBRARIES = {
    "bs4": "Beautiful Soup",
    "lxml": "lxml",
    "aiohttp": "aiohttp",
    "httpx": "HTTPX",
    "requests": "requests",
    "urllib": "urllib",
    "selectolax": "selectolax",
    "parsel": "Parsel",
    "cheerio": "Cheerio",
    "axios": "axios",
    "jsdom": "jsdom",
}
TECHNIQUES = {
    "T1059.004": "Command and Scripting Interpreter: Unix Shell (ATT&CK)",
    "T1059.006": "Command and Scripting Interpreter: Python (ATT&CK)",
    "T1059.007": "Command and Scripting Interpreter: JavaScript (ATT&CK)",
    "T1119": "Automated Collection (ATT&CK)",
    "T1176": "Software Extensions, such as a browser's (ATT&CK)",
    "T1213": "Data from Information Repositories (ATT&CK)",
    "T1589": "Gather Victim Identity Information (ATT&CK)",
    "T1589.002": "Gather Victim Identity Information: Email Addresses (ATT&CK)",
    "T1593": "Search Open Websites/Domains (ATT&CK)",
    "T1593.001": "Search Open Websites/Domains: Social Media (ATT&CK)",
    "T1593.002": "Search Open Websites/Domains: Search Engines (ATT&CK)",
    "OAT-011": "Scraping (OWASP Automated Threats)",
}
"""Public technique ids by their published names. They describe what is done; none says that it is an attack here."""


def platform_name(key: str) -> str:
    """Return a platform's name as people write it; an unknown key is written with a capital letter."""
    return PLATFORMS.get(key, key[:1].upper() + key[1:])


def library_name(key: str) -> str:
    """Return a library's name as people write it."""
    return LIBRARIES.get(key, key)


def technique_name(key: str) -> str:
    """Return a technique's published name after its id; an unknown id alone."""
    name = TECHNIQUES.get(key)
    return f"{key}: {name}" if name is not None else key


def join(words: list[str]) -> str:
    """Join words as one does in a sentence: «a», «a and b», «a, b and c»."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
