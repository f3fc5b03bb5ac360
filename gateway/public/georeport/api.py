"""Open311 GeoReport v2: civic apps read services, register requests and read public ones.

reading.py reads the parameters of a call, xml.py writes its answer; updates.py is the extension by
which sites follow requests.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import Forbidden, NotFound
from bus.messages.values import Json
from bus.settings import Settings
from contracts.ticketing.citizens import REGISTER
from contracts.ticketing.civic.updates import (
    HISTORIES,
    LIST_UPDATES,
    REPORT_HISTORY,
    WRITE_UPDATE,
    AskHistory,
)
from contracts.ticketing.public import LIST_PUBLIC, TOKEN, AskToken, ListPublic
from gateway.forms.acts import FormToken
from gateway.forms.multipart import SubmittedForm, read_form
from gateway.http.address import own_address
from gateway.http.facts import AGENCY
from gateway.http.idempotency import MOST, idempotency_key, is_short_ascii
from gateway.http.origin import from_other_sites
from gateway.http.problems import HttpError
from gateway.limits.guesses import Guesses
from gateway.public.georeport import elements, reading, updates
from gateway.public.georeport.keys import Key, Keys
from gateway.public.georeport.xml import FORMS, MEDIA_TYPES, ROOT, answer
from gateway.public.site.facts import CIVIC_APP
from gateway.public.site.services import Services, address_of
from people import tracking

V2 = f"{ROOT}/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-29T00:00:00+03:30"
TYPES = ("production", "test")
JURISDICTION = "kbrw.ir"
# What may stand in the address of a POST; a person's data may not, since addresses are logged.
IN_QUERY = ("api_key", "jurisdiction_id", "locale")


class Open311:
    """The handlers of Open311 and what they share."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._keys = Keys(Path(settings.text("OPEN311_KEYS_FILE")))
        self._jurisdiction = settings.text("OPEN311_JURISDICTION", JURISDICTION)
        named = settings.get("PUBLIC_BASE_URL")
        self._base = str(own_address(settings, "PUBLIC_BASE_URL" if named else "PORTAL_URL"))
        self._contact = settings.text("OPEN311_CONTACT", "mailto:open311@mirab.example")
        self._type = settings.text("OPEN311_TYPE", TYPES[0])
        if self._type not in TYPES:
            raise ValueError(f"OPEN311_TYPE must be one of {', '.join(TYPES)}, not {self._type!r}.")
        self._questions = Guesses()  # 60 a minute from one address, as docs/open311.md says

    async def discovery(self, request: Request) -> Response:
        """GET /open311/discovery.{form}: where the API is and which forms it has."""
        endpoints = [
            {
                "specification": specification,
                "url": self._base + V2,
                "changeset": CHANGESET,
                "type": self._type,
                "formats": list(MEDIA_TYPES.values()),
            }
            for specification in (SPECIFICATION, updates.SPECIFICATION)
        ]
        document = {
            "changeset": CHANGESET,
            "contact": self._contact,
            "key_service": f"An api_key is given on request: {self._contact}",
            "endpoints": endpoints,
        }
        return answer(request, "discovery", document, charset=False)

    async def services(self, request: Request) -> Response:
        """GET /open311/v2/services.{form}"""
        parameters = self._parameters(request)
        language = reading.language(request, parameters)
        offered = await self._offered_services(request)
        reply = [elements.service(category, language) for category in offered.values()]
        return answer(request, "services", reply)

    async def service(self, request: Request) -> Response:
        """GET /open311/v2/services/{code}.{form}: the further questions of a service."""
        self._parameters(request)
        category = await self._service_of(request, request.path_params["code"])
        definition = {
            "service_code": category["code"],
            "attributes": [
                elements.attribute(question)
                for question in category["open311"].get("attributes", ())
            ],
        }
        return answer(request, "service_definition", definition)

    async def post(self, request: Request) -> Response:
        """POST /open311/v2/requests.{form}: registers a ticket that everybody may read."""
        parameters, form = await self._posted(request)
        code, category = parameters.value("service_code"), None
        if code:
            category = await self._service_of(request, code)
        else:
            parameters.fault("service_code", "required", "Name a service of services.xml.")
        language = reading.language(request, parameters)
        data = reading.ticket(parameters, category, language)
        if form.claims:
            data["attachments"] = [claim.attachment() for claim in form.claims]
        parameters.check()
        registered = await self._services.register(request, data, *self._act(request, data))
        return answer(
            request, "service_requests", [elements.registered(registered, data, language)]
        )

    async def requests(self, request: Request) -> Response:
        """GET /open311/v2/requests.{form}: of the last 90 days, or what is asked for."""
        parameters = self._parameters(request)
        noted = updates.wants_notes(parameters)
        if ids := parameters.csv("service_request_id"):
            parameters.check()
            rows = await self._by_ids(request, ids)
        else:
            most = HISTORIES if noted else reading.PAGE_SIZE
            question = reading.listing(parameters, dt.datetime.now(dt.UTC), most)
            parameters.check()
            for code in question["categories"] or ():
                await self._service_of(request, code)
            rows = (await self._services.ask_fields(request, LIST_PUBLIC, question)).tickets
        return await self._answer_requests(request, parameters, rows)

    async def request(self, request: Request) -> Response:
        """GET /open311/v2/requests/{id}.{form}"""
        parameters = self._parameters(request)
        rows = await self._by_ids(request, [request.path_params["id"]])
        if not rows:
            raise NotFound("There is no public request with this service_request_id.")
        return await self._answer_requests(request, parameters, rows)

    async def _answer_requests(
        self, request: Request, parameters: reading.Parameters, rows: Sequence[Json]
    ) -> Response:
        language = reading.language(request, parameters)
        requests = [elements.public(row, language) for row in rows]
        if requests and updates.wants_notes(parameters):
            codes = tuple(row["service_request_id"] for row in requests)
            done = (
                await self._services.ask(request, REPORT_HISTORY, AskHistory(codes=codes))
            ).updates
            requests = [updates.with_notes(row, done, language) for row in requests]
        return answer(request, "service_requests", requests)

    async def updates(self, request: Request) -> Response:
        """GET /open311/v2/servicerequestupdates.{form}: what was done with public requests.

        With a key it is what was done with those that this key sent.
        """
        parameters = self._parameters(request)
        language = reading.language(request, parameters)
        text = parameters.value("api_key")
        key = self._key(request, text) if text else None
        question = updates.listing(parameters, key, dt.datetime.now(dt.UTC))
        parameters.check()
        listed = (await self._services.ask(request, LIST_UPDATES, question)).updates
        extended = key.extended_statuses if key else updates.wants_extended(parameters)
        rows = [updates.row(update, language, extended=extended) for update in listed]
        return answer(request, "service_request_updates", rows)

    async def post_update(self, request: Request) -> Response:
        """POST /open311/v2/servicerequestupdates.{form}: what a user wrote on a request."""
        parameters, form = await self._posted(request)
        data = updates.writing(parameters)
        if form.claims:
            data["attachments"] = [claim.attachment() for claim in form.claims]
        parameters.check()
        written = await self._services.ask_fields(request, WRITE_UPDATE, data)
        return answer(request, "service_request_updates", [{"update_id": written.update_id}])

    async def token(self, request: Request) -> Response:
        """GET /open311/v2/tokens/{token}.{form}: the id that a token became."""
        self._parameters(request)
        token = request.path_params["token"]
        code = None
        if reading.TOKEN_TEXT.fullmatch(token):
            code = (await self._services.ask(request, TOKEN, AskToken(token=token))).code
        if code is None:
            raise NotFound("There is no such token.")
        reply = [{"service_request_id": code, "token": token}]
        return answer(request, "service_requests", reply)

    async def _posted(self, request: Request) -> tuple[reading.Parameters, SubmittedForm]:
        """Read the form of an app, and its key: from then on the app is the caller."""
        query = reading.Parameters(request.query_params.multi_items())
        key = query.value("api_key")
        if key:  # who is refused anyway need not send the whole form first
            self._key(request, key)
        form = await read_form(request, self._services.blobs_of(request))
        self._services.uploads.check_problems(address_of(request), form.problems)
        pairs = [(name, value) for name, values in form.values.items() for value in values]
        pairs = [(name, value) for name, value in pairs if value.strip() or name not in IN_QUERY]
        # What differs in the form and in the address is told twice: whose request would it be?
        pairs += [(name, query.value(name)) for name in IN_QUERY if query.value(name)]
        parameters = reading.Parameters(pairs)
        self._key(request, parameters.value("api_key"))
        self._check_jurisdiction(parameters)
        parameters.faults += form.problems
        return parameters, form

    def _parameters(self, request: Request) -> reading.Parameters:
        self._questions.take(address_of(request))
        parameters = reading.Parameters(request.query_params.multi_items())
        self._check_jurisdiction(parameters)
        return parameters

    def _check_jurisdiction(self, parameters: reading.Parameters) -> None:
        if parameters.value("jurisdiction_id") not in ("", self._jurisdiction):
            raise NotFound(
                f"jurisdiction_id: this is {self._jurisdiction}; leave it out or give that."
            )

    def _key(self, request: Request, text: str) -> Key:
        """Return the entry of a key, and name its app as the caller. A wrong one is a guess."""
        key = self._keys.find(text) if text else None
        if key is None:
            self._services.guesses.take(request.client.host if request.client else "")
            raise Forbidden(
                "api_key: this key is not known." if text else "api_key: give your key."
            )
        AGENCY.set(request, key.app)
        CIVIC_APP.set(request, key.app)
        return key

    def _act(self, request: Request, data: Json) -> tuple[str, str]:
        """Return id and secret of an act: by the Idempotency-Key, under which a repeat is the same.

        Equal keys of two apps are two acts.
        """
        key = idempotency_key(request)
        if not key:
            return "", FormToken.new().secret
        if not is_short_ascii(key):
            raise HttpError(
                "idempotency_key.invalid", f"Idempotency-Key: up to {MOST} ASCII characters."
            )
        key = f"open311\0{CIVIC_APP.of(request)}\0{key}"
        return key, self._services.acts.secret_of(REGISTER.name, key, data)

    async def _offered_services(self, request: Request) -> dict[str, Json]:
        """Return the categories that are offered over Open311, by code."""
        form = await self._services.form(request)
        return {c["code"]: c for c in form.categories if c.get("open311")}

    async def _service_of(self, request: Request, code: str) -> Json:
        try:
            return (await self._offered_services(request))[code]
        except KeyError:
            raise NotFound("service_code: there is no such service; see services.xml.") from None

    async def _by_ids(self, request: Request, ids: list[str]) -> Sequence[Json]:
        """Return the public ones among these ids; malformed ids match none."""
        codes = []
        for text in ids:
            try:
                codes.append(tracking.parse(text))
            except ValueError:  # Malformed among them
                continue
        if not codes:
            return ()
        question = ListPublic(codes=tuple(codes))
        return (await self._services.ask(request, LIST_PUBLIC, question)).tickets


def routes(services: Services, settings: Settings) -> list[Route]:
    """Return the routes of Open311, each in both formats; xml.py shows its problems."""
    api = Open311(services, settings)
    made = []
    for form in FORMS:
        made += [
            Route(f"{ROOT}/discovery.{form}", api.discovery),
            Route(f"{V2}/services.{form}", api.services),
            Route(f"{V2}/services/{{code}}.{form}", api.service),
            Route(f"{V2}/requests.{form}", api.requests),
            # Civic apps are other sites; they have their own keys.
            Route(f"{V2}/requests.{form}", from_other_sites(api.post), methods=["POST"]),
            Route(f"{V2}/requests/{{id}}.{form}", api.request),
            Route(f"{V2}/servicerequestupdates.{form}", api.updates),
            Route(
                f"{V2}/servicerequestupdates.{form}",
                from_other_sites(api.post_update),
                methods=["POST"],
            ),
            Route(f"{V2}/tokens/{{token}}.{form}", api.token),
        ]
    return made
