"""Write which names of git and of the sources of executions are one person: by e-mail, by ``[people]``, by login."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dora.config.patterns import fold
from dora.config.settings import Config
from dora.errors import UsageError
from dora.storage.bulk_rows import insert_rows
from dora.storage.database import Connection

AUTHOR = "nfc_normalize(lower(concat_ws(' ', {0}author, '<' || {0}author_email || '>')))"
_AUTHORS = f"""
SELECT DISTINCT {AUTHOR.format("")} FROM landing.commit WHERE coalesce(author, author_email) IS NOT NULL
UNION SELECT nfc_normalize(lower(unnest(co_authors))) FROM landing.commit
UNION SELECT nfc_normalize(lower('<' || committer_email || '>')) FROM landing.commit WHERE committer_email IS NOT NULL
"""  # noqa: S608 - our text
_USERS = """
SELECT nfc_normalize(lower(unnest([decided_by, skipped_by]))) FROM landing.approval
UNION SELECT nfc_normalize(lower(triggered_by)) FROM landing.execution
UNION SELECT nfc_normalize(lower(restarted_by)) FROM landing.execution_attempt
"""
# Addresses by which a host hides the real one: a login, or no person.
_HIDDEN = re.compile(r"(?:\d+[+-])?([^@]*)@users\.noreply\.[^@]+")
_SHARED = re.compile(r"(?:no-?reply|git|root|bot|[^@]*\[bot\])@.*|[^@]*@(?:localhost|[^@.]*)")


class Author(NamedTuple):
    """One author as git writes it: a name, a real e-mail, or the login of a hidden one; "" for what is missing."""

    name: str
    email: str
    login: str


@dataclass
class Forms:
    """The persons of git by the logins that they may have.

    ``certain`` are first and last name in their usual short forms, hidden logins and names without e-mail;
    ``possible`` the part of an e-mail before the @ where that is one word; ``users`` that part of the e-mail of a user
    who is no author.
    """

    certain: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    possible: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    users: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class Person(NamedTuple):
    """Whom a name means: ``persons`` are all that it is, ``possible`` those that it may be; not ``is_known`` if it
    is a login without any likeness, who may be anyone.
    """

    persons: list[str]
    possible: list[str]
    is_known: bool = True


def write_people(con: Connection, config: Config, query: str | None = None) -> None:
    """Create ``people``: one row per name of an author or user, in lower case, with the persons that it means.

    ``query`` has the people of a larger landing, whose names decide together whom each means.
    """
    if query:
        con.execute(f"CREATE TABLE people AS {query}")
        return
    authors = [name for (name,) in con.execute(_AUTHORS).fetchall() if name]
    users = [name for (name,) in con.execute(_USERS).fetchall() if name]
    people = match_people(authors, users, read_aliases(config))
    con.execute("CREATE TABLE people (identity VARCHAR, persons VARCHAR[], possible VARCHAR[], is_known BOOLEAN)")
    insert_rows(con, "people", ([name, *person] for name, person in people.items()))


def read_aliases(config: Config) -> dict[str, str]:
    """Return the person of each name in ``[people]``, folded. Raises ``UsageError`` for a name of two persons."""
    aliases: dict[str, str] = {}
    for person, names in config.people.items():
        for name in map(fold, (person, *names)):
            if aliases.setdefault(name, fold(person)) != fold(person):
                raise UsageError(
                    f"[people]: {name} is a name of {aliases[name]} and of {fold(person)}.", "leave it to one person."
                )
    return aliases


def match_people(authors: Iterable[str], users: Iterable[str], aliases: Mapping[str, str]) -> dict[str, Person]:
    """Return whom each name means. All names are folded; ``aliases`` has the person of each name in the settings."""
    parsed = {text: parse_author(text) for text in authors}
    keys = _merge_hidden({author: _person_of(author, aliases) for author in parsed.values()})
    forms, namesakes = _collect_forms(keys), defaultdict(set)
    for author, person in keys.items():
        if " " in author.name:
            namesakes[author.name].add(person)
    others: dict[str, set[str]] = defaultdict(set)
    for persons in namesakes.values():
        for person in persons:
            others[person] |= persons - {person}
    emails = {author.email: person for author, person in keys.items() if author.email}
    people = {text: Person([keys[author]], []) for text, author in parsed.items()}
    for user in sorted(users, key=_is_login):  # after the e-mails: a login may be short for that of another user
        person_key = aliases.get(user) or aliases.get(parse_author(user).login) or emails.get(user)
        people[user] = Person([person_key], sorted(others[person_key])) if person_key else _match_login(user, forms)
        if people[user].persons == [user]:
            forms.users[_compact(user.partition("@")[0])].add(user)
    return people


def parse_author(text: str) -> Author:
    """Return the parts of ``name <e-mail>``, of a name alone or of an e-mail alone."""
    match = re.fullmatch(r"(.*?)\s*<([^<>]*)>", text)
    name, email = match.groups() if match else ("", text) if "@" in text and " " not in text else (text, "")
    hidden = _HIDDEN.fullmatch(email)
    is_shared = hidden or _SHARED.fullmatch(email)
    return Author(name.strip(), "" if is_shared else email, hidden[1] if hidden else "")


def _person_of(author: Author, aliases: Mapping[str, str]) -> str:
    alias = next((aliases[part] for part in (author.email, author.login, author.name) if part in aliases), None)
    return alias or author.email or (f"login {author.login}" if author.login else f"name {author.name}")


def _merge_hidden(keys: dict[Author, str]) -> dict[Author, str]:
    """Give authors without a real e-mail the person with one who alone has their full name, or a login like theirs."""
    forms, by_name = _collect_forms({author: key for author, key in keys.items() if author.email}), defaultdict(set)
    for author, person in keys.items():
        if author.email and " " in author.name:
            by_name[author.name].add(person)
    merged = {}
    for author, person in keys.items():
        login = _compact(author.login or author.name)
        candidates = by_name.get(author.name) or {*forms.certain.get(login, ()), *forms.possible.get(login, ())}
        is_own = author.email or len(candidates) != 1 or not person.startswith(("login ", "name "))
        merged[author] = person if is_own else next(iter(candidates))
    return merged


def _collect_forms(keys: Mapping[Author, str]) -> Forms:
    forms = Forms()
    for author, person in keys.items():
        words = re.findall(r"[^\W_]+", author.name)
        if len(words) > 1:
            first, last = words[0], words[-1]
            for form in (first + last, first[0] + last, first + last[0], last + first, last + first[0]):
                forms.certain[form].add(person)
        elif words and not author.email:
            forms.certain[words[0]].add(person)
        if author.login:
            forms.certain[_compact(author.login)].add(person)
        local = author.email.partition("@")[0]
        table = forms.certain if re.search(r"\w[._-]\w", local) else forms.possible
        if local:
            table[_compact(local)].add(person)
    return forms


def _match_login(user: str, forms: Forms) -> Person:
    """Return whom a user means who has no e-mail that git knows, by the form of the login."""
    hidden = parse_author(user).login
    login = _compact(hidden or user.partition("@")[0])
    certain, possible = set(forms.certain.get(login, ())), set(forms.possible.get(login, ()))
    if _is_login(user):  # a login is the e-mail without its domain
        certain, possible = certain.union(possible, forms.users.get(login, ())), set()
    own = f"login {hidden or user}" if _is_login(user) else user
    if len(certain) > 1:
        return Person([own], sorted(certain | possible))
    return Person(sorted(certain) or [own], sorted(possible - certain), bool(certain) or not _is_login(user))


def _is_login(user: str) -> bool:
    return "@" not in user or bool(parse_author(user).login)


def _compact(text: str) -> str:
    return re.sub(r"[\W_]", "", text)
