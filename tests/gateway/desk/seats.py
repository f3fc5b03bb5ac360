"""A colleague at a page of the desk, as a browser with cookies and without script."""

import contextlib
import html
import re
import secrets
import typing
import weakref

import requests

from tests.databases import make_database
from tests.processes import Starter
from tests.stacks import Desk
from tests.stores import own_vhost
from tests.waiting import wait_for


def signed_in(desk, username, password=None):
    """A browser that has just signed in; the page behind the door nobody looks at."""
    session = requests.Session()
    fields = {"username": username, "password": password or desk.password}
    door = f"{desk.ops}/desk/sign-in"
    session.post(door, data=fields, timeout=30, allow_redirects=False)
    return session


_cookies = weakref.WeakKeyDictionary()  # by desk and colleague


def session_of(desk, username):
    """A browser of a colleague who signs in once for all tests of a desk: of those by which no
    session of theirs ends.
    """
    kept = _cookies.setdefault(desk, {})
    if username not in kept:
        kept[username] = signed_in(desk, username).cookies
    session = requests.Session()
    session.cookies.update(kept[username])
    return session


def forget_session_of(desk, username):
    """For who does what ends all sessions of a colleague."""
    _cookies.get(desk, {}).pop(username, None)


class Seat:
    """Who has signed in; ``root`` is the part of the desk that paths are meant below."""

    root = "/desk"

    def __init__(self, house, username):
        self.house, self.session = house, signed_in(house, username)

    def _url(self, path):
        return f"{self.house.ops}{self.root}{path}"

    def get(self, path="", **query):
        return self.session.get(self._url(path), params=query, timeout=30)

    def press(self, path, headers=None, files=None, **form):
        """Sends a form, and no more; ``__`` in a field's name stands for ``-``."""
        form.setdefault("form", f"desk-{secrets.token_hex(8)}")
        data = {name.replace("__", "-"): value for name, value in form.items()}
        return self.session.post(
            self._url(path), data=data, files=files, headers=headers, timeout=30
        )

    def post(self, path, headers=None, files=None, **form):
        """Sends a form, and confirms it on the page that shows first what will be done."""
        return self.confirm(self.press(path, headers, files, **form))

    def confirm(self, answer):
        """Presses the button of a page that stands before an act; any other page is given back."""
        if 'class="looked"' not in answer.text:
            return answer
        return self.session.post(answer.url, data=[*looked_at(answer), ("looked", "1")], timeout=30)


def looked_at(answer):
    """The fields that a page before an act carries."""
    form = answer.text.split('class="looked"')[1].split("</form>")[0]
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return [(name, html.unescape(value)) for name, value in pairs]


class Officers(Desk):
    """A desk without letters, with one more service beside it: karim begins, mina and nader
    approve.
    """

    people: typing.ClassVar = {**Desk.people, "sara": ("clerk", "inspection")}
    beside = ""
    seat = Seat

    def __init__(self, start, folder, amqp, postgres, dbs):
        super().__init__(start, folder, amqp, postgres, dbs["ticketing"])
        self.seats = {}
        self.beside_db = dbs[self.beside]
        environ = {**self.environ, "DB_URL": self.beside_db}
        service = start("bus", "serve", f"services.{self.beside}", **environ)
        start("bus", "relay", f"services.{self.beside}", **environ)
        wait_for(lambda: f"mirab.{self.beside}.requests" in service.log, 60)

    def begin_letters(self):
        pass

    def sit(self, username):
        """The seat of a colleague, who signs in once."""
        if username not in self.seats:
            self.seats[username] = self.seat(self, username)
        return self.seats[username]


@contextlib.contextmanager
def running(kind, tmp_path_factory, broker, postgres, **templates):
    """Such a desk on a vhost and on databases of its own, made from ``templates`` by service."""
    dbs = {}
    for part, template in templates.items():
        dbs[part] = make_database(postgres, f"{part}_{secrets.token_hex(4)}", template)
    folder = tmp_path_factory.mktemp(kind.beside)
    with own_vhost(broker) as amqp:
        starter = Starter(folder)
        house = kind(starter, folder, amqp, postgres, dbs)
        yield house
        starter.end()
        house.end()
