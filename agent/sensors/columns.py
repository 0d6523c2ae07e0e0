"""Which kinds of column does this table have? Names of columns in, kinds from a closed list out.

A column's own words are matched and forgotten: what is kept is `email`, `profile` and so on (`ExportWritten.columns`).
Names come as people and tools write them: `E-Mail 1`, `first_name`, `profileUrl`, `Téléphone`, `firma`. A table looks
like one of people or their posts only if two kinds come together, one of which points at somebody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

KINDS: Final = ("email", "phone", "name", "profile", "username", "employer", "place", "followers", "post")
_POINTS_AT_SOMEBODY = frozenset(["email", "phone", "name", "profile", "username"])
_TOGETHER = 2

_WORDS: Final[dict[str, frozenset[str]]] = {
    "email": frozenset([
        "email", "emails", "mail", "mailto", "courriel", "correo", "eposta",
    ]),
    "phone": frozenset([
        "phone", "phones", "tel", "telephone", "telefon", "telefono", "mobile", "mobil", "handy", "cell",
        "whatsapp", "fax", "portable", "celular", "telefone", "msisdn",
    ]),
    "name": frozenset([
        "fullname", "firstname", "lastname", "surname", "forename", "nachname", "vorname", "prenom", "nom",
        "nombre", "apellido", "cognome", "displayname", "givenname", "familyname", "contact", "person", "author",
        "lead",
    ]),
    "profile": frozenset([
        "profile", "profileurl", "profil", "perfil", "linkedin", "linkedinurl", "facebook", "instagram", "twitter",
        "tiktok", "avatar", "headline", "bio", "biography", "about", "connections",
    ]),
    "username": frozenset([
        "username", "user", "handle", "screenname", "login", "nick", "nickname", "userid", "accountname", "owner",
        "uploader", "channel", "vanity",
    ]),
    "employer": frozenset([
        "company", "employer", "organization", "organisation", "firma", "empresa", "azienda", "entreprise",
        "jobtitle", "position", "occupation", "currentcompany", "arbeitgeber", "companyname",
    ]),
    "place": frozenset([
        "location", "city", "country", "address", "geo", "ort", "stadt", "ville", "ciudad", "latitude", "lat",
        "lng", "longitude", "hometown", "zip", "postcode", "plz", "adresse", "street",
    ]),
    "followers": frozenset([
        "followers", "following", "followerscount", "followercount", "subscribers", "subscribercount", "friends",
        "followees", "abonnenten", "followscount", "friendscount",
    ]),
    "post": frozenset([
        "post", "posts", "tweet", "tweets", "caption", "likes", "likecount", "comments", "commentcount", "retweets",
        "shortcode", "hashtags", "reposts", "retweetcount", "postid", "tweetid", "sharecount", "replies", "views",
        "viewcount", "playcount", "mentions", "favorites",
    ]),
}  # fmt: skip
_NAME_ALONE = frozenset(["name", "names"])
"""A name of anything at all: of a person only beside something else that points at one."""
_PARTS = re.compile(r"[a-z]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST = 80


def kinds_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds of column among these names, sorted; empty where they do not look like people or their posts.

    Args:
        names: Names of columns or keys, in any spelling; what is longer than a name is passed over.
    """
    found: set[str] = set()
    bare = False
    for name in names:
        if not name or len(name) > _LONGEST:
            continue
        parts = _parts(name)
        joined = {*parts, *(one + two for one, two in pairwise(parts)), "".join(parts)}
        matched = {kind for kind, words in _WORDS.items() if words & joined}
        bare = bare or (not matched and bool(_NAME_ALONE & set(parts)))
        found |= matched
    if bare and found & (_POINTS_AT_SOMEBODY - {"name"} | {"employer", "followers"}):
        found.add("name")
    if len(found) < _TOGETHER or not found & _POINTS_AT_SOMEBODY:
        return ()
    return tuple(sorted(found))


def _parts(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", _CAMEL.sub(" ", name)).encode("ascii", "ignore").decode()
    words = _PARTS.findall(plain.lower())
    # `e-mail` is one word in every spelling.
    return ["email" if word == "e" and words[at + 1 : at + 2] == ["mail"] else word for at, word in enumerate(words)]
