"""Who is who: by e-mail, by the settings, by the forms of a login; what can not be told is said."""

from __future__ import annotations

import pytest

from dora.build.people import Person, match_people, read_aliases
from dora.config.settings import Config
from dora.errors import UsageError

ADA = "ada lovelace <ada@corp.example>"


@pytest.mark.parametrize(
    ("authors", "user", "person"),
    [
        # The e-mail decides first, whatever the names are.
        ([ADA], "ada@corp.example", Person(["ada@corp.example"], [])),
        ([ADA, "john smith <john@a.example>"], "john@a.example", Person(["john@a.example"], [])),
        # The forms of a login: first.last, flast, the part before the @, the login in a hidden e-mail.
        ([ADA], "ada.lovelace@corp.example", Person(["ada@corp.example"], [])),
        ([ADA], "alovelace", Person(["ada@corp.example"], [])),
        ([ADA], "ada", Person(["ada@corp.example"], [])),
        (["octo <7+adal@users.noreply.github.com>"], "adal", Person(["login adal"], [])),
        (["ada lovelace <7+x@users.noreply.github.com>", ADA], "ada@corp.example", Person(["ada@corp.example"], [])),
        (["alovelace"], "ada.l@corp.example", Person(["ada.l@corp.example"], [])),
        # The same word before the @ of another domain may be another person.
        ([ADA], "ada@partner.example", Person(["ada@partner.example"], ["ada@corp.example"])),
        # Two authors may have the login.
        (
            [ADA, "alan lovelace <alan@corp.example>"],
            "alovelace",
            Person(["login alovelace"], ["ada@corp.example", "alan@corp.example"]),
        ),
        # Two e-mails with one full name: one person or two namesakes.
        (
            ["john smith <js1@corp.example>", "john smith <js2@corp.example>"],
            "js1@corp.example",
            Person(["js1@corp.example"], ["js2@corp.example"]),
        ),
        (
            ["john smith <js1@corp.example>", "john smith <js2@corp.example>"],
            "jsmith",
            Person(["login jsmith"], ["js1@corp.example", "js2@corp.example"]),
        ),
        # A hidden e-mail is a login.
        ([ADA], "7+alovelace@users.noreply.github.com", Person(["ada@corp.example"], [])),
        ([ADA], "7+u4711@users.noreply.github.com", Person(["login u4711"], [], False)),
        # A login like that of no author may be anyone; an e-mail is somebody else.
        ([ADA], "u4711", Person(["login u4711"], [], False)),
        ([ADA], "manager@corp.example", Person(["manager@corp.example"], [])),
        # An e-mail of a host or a machine is nobody's.
        (
            ["ada lovelace <noreply@github.com>", "bob ross <noreply@github.com>"],
            "bross",
            Person(["name bob ross"], []),
        ),
    ],
)
def test_a_user_is_the_person_that_the_name_tells(authors: list[str], user: str, person: Person) -> None:
    """Who a user of Spinnaker is among the authors of git, where it can be told."""
    assert match_people(authors, [user], {})[user] == person


def test_the_settings_name_who_is_one_person() -> None:
    """E-mails, logins and names that [people] lists are one person, before any likeness."""
    aliases = dict.fromkeys(["ada", "ada@corp.example", "ada@private.example", "u4711"], "ada")
    people = match_people([ADA, "a. l. <ada@private.example>"], ["u4711", "ada@corp.example"], aliases)
    assert {tuple(person.persons) for person in people.values()} == {("ada",)}


def test_a_login_is_the_user_whose_email_it_shortens() -> None:
    """A user who is no author is the same by login and by e-mail, unless two e-mails have that login."""
    users = [
        "eve.moss",
        "eve.moss@corp.example",
        "kim",
        "kim@a.example",
        "kim@b.example",
        "7+adal@users.noreply.github.com",
    ]
    people = match_people([], users, {"adal": "ada"})
    assert people["eve.moss"] == Person(["eve.moss@corp.example"], [])
    assert people["kim"] == Person(["login kim"], ["kim@a.example", "kim@b.example"])
    assert people["7+adal@users.noreply.github.com"] == Person(["ada"], [])


def test_a_name_of_two_persons_is_an_error() -> None:
    """In any case; a person may repeat an own name."""
    assert read_aliases(Config(people={"Ada": ["ada", "U17"]})) == {"ada": "ada", "u17": "ada"}
    with pytest.raises(UsageError, match="u17 is a name of ada and of bob"):
        read_aliases(Config(people={"Ada": ["u17"], "Bob": ["U17"]}))
