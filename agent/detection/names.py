"""How the keys of platforms, families, libraries and modes are said in a sentence."""

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


def platform_name(key: str) -> str:
    """Return a platform's name as people write it; an unknown key is written with a capital letter."""
    return PLATFORMS.get(key, key[:1].upper() + key[1:])


def library_name(key: str) -> str:
    """Return a library's name as people write it."""
    return LIBRARIES.get(key, key)


def join(words: list[str]) -> str:
    """Join words as one does in a sentence: «a», «a and b», «a, b and c»."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
