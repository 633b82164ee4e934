"""The small Stripe on HTTP, and the relay in front of it that fails in all the ways of a network."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlsplit

from tests.billing.stripe.params import unknown_params
from tests.billing.stripe.world import DAY, World

Json = dict[str, Any]
Served = TypeVar("Served", bound="StripeServer")


class Refusal(Exception):
    """An error of Stripe's API."""

    def __init__(
        self, status: int, *, type_: str = "invalid_request_error", code: str = ""
    ) -> None:
        self.status = status
        self.body = {"error": {"type": type_, "code": code, "message": f"refused: {code}"}}
        super().__init__(code)


@dataclass
class Call:
    """A request that came in."""

    method: str
    path: str
    params: Json
    key: str


@dataclass
class StripeServer:
    """A world on HTTP. `view` shows its objects as they were at some time, in place of now,
    and `until` the events up to then.

    `faults` are used up one a request: `500`, `409`, `429`, `timeout` (no answer), `lost` (done,
    but the answer is lost), `slow`.
    """

    world: World
    view: dict[str, dict[str, Json]] | None = None
    until: int | None = None
    faults: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    url: str = ""
    kept: dict[str, tuple[int, str, int, Json]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def count(self, method: str, path: str) -> int:
        """How many requests there were of a kind."""
        return sum(call.method == method and call.path == path for call in self.calls)

    # --- the API

    def answer(self, call: Call) -> tuple[int, Json]:
        """Answer a request, replaying what was answered to the same idempotency key."""
        self.calls.append(call)
        if names := unknown_params(call.method, call.path, call.params):
            self.unknown += names
            return 400, Refusal(400, code="parameter_unknown").body
        asked = json.dumps([call.method, call.path, call.params], sort_keys=True)
        at, before, status, body = self.kept.get(call.key, (0, "", 0, {}))
        if call.key and before and at > self.world.now - DAY:
            if before != asked:
                return 400, Refusal(400, type_="idempotency_error", code="").body
            return status, body
        try:
            status, body = 200, self._do(call)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        if call.key and status < 400:
            self.kept[call.key] = (self.world.now, asked, status, body)
        return status, json.loads(json.dumps(body))

    def _do(self, call: Call) -> Json:
        path = call.path.removeprefix("/v1/")
        for pattern, name in ROUTES.get(call.method, {}).items():
            if match := re.fullmatch(pattern, path):
                answer: Json = getattr(self, name)(call.params, *match.groups())
                return answer
        raise Refusal(404, code="url_invalid")

    def _store(self, kind: str) -> dict[str, Json]:
        return (self.view or self.world.stores)[kind]

    def _get(self, kind: str, id_: str) -> Json:
        found = self._store(kind).get(id_)
        if found is None:
            raise Refusal(404, code="resource_missing")
        return found

    def _page(self, found: list[Json], params: Json) -> Json:
        """A page of a list, the newest first."""
        created = params.get("created", {})
        found = [item for item in found if item["created"] >= int(created.get("gte", 0))][::-1]
        if after := params.get("starting_after"):
            ids = [item["id"] for item in found]
            found = found[ids.index(after) + 1 :]
        limit = int(params.get("limit", 10))
        return {
            "object": "list",
            "data": found[:limit],
            "has_more": len(found) > limit,
            "url": "/v1/x",
        }

    def _listed(self, kind: str, params: Json, *names: str) -> Json:
        wanted = {name: params[name] for name in names if name in params}
        found = [
            item
            for item in self._store(kind).values()
            if all(item.get(name) == value for name, value in wanted.items())
        ]
        return {**self._page(found, params), "url": f"/v1/{LIST_PATHS.get(kind, kind)}"}

    def create_customer(self, params: Json) -> Json:
        return self.world.make_customer(params.get("metadata", {}))

    def search_customers(self, params: Json) -> Json:
        workspace = params["query"].removeprefix("metadata['workspace']:'").removesuffix("'")
        found = [
            item
            for item in self._store("customers").values()
            if item.get("metadata", {}).get("workspace") == workspace and "hidden" not in item
        ]
        return {"object": "search_result", "data": found[:1], "has_more": False, "url": "/v1/x"}

    def get_customer(self, _: Json, id_: str) -> Json:
        return self._get("customers", id_)

    def update_customer(self, params: Json, id_: str) -> Json:
        found = self._get("customers", id_)
        found |= params
        return found

    def list_subscriptions(self, params: Json) -> Json:
        found = self._listed("subscriptions", params, "customer")
        if params.get("status") != "all":
            found["data"] = [item for item in found["data"] if item["status"] != "canceled"]
        return found

    def get_subscription(self, _: Json, id_: str) -> Json:
        return self._get("subscriptions", id_)

    def list_invoices(self, params: Json) -> Json:
        found = self._listed("invoices", params, "customer", "status")
        if "data.payments" not in params.get("expand", []):
            found["data"] = [
                {name: value for name, value in item.items() if name != "payments"}
                for item in found["data"]
            ]
        return found

    def list_lines(self, params: Json, id_: str) -> Json:
        lines = self._get("invoices", id_)["lines"]["data"]
        return {"object": "list", "data": lines, "has_more": False, "url": "/v1/x"}

    def list_sessions(self, params: Json) -> Json:
        return self._listed("sessions", params, "customer")

    def create_session(self, params: Json) -> Json:
        left_s = int(params["expires_at"]) - self.world.now
        if not 1800 <= left_s <= DAY:
            raise Refusal(400, code="expires_at")
        self._get("customers", params["customer"])
        self._get("prices", params["line_items"][0]["price"])
        return self.world.make_session(params)

    def get_session(self, _: Json, id_: str) -> Json:
        return self._get("sessions", id_)

    def expire_session(self, _: Json, id_: str) -> Json:
        session = self._get("sessions", id_)
        if session["status"] != "open":
            raise Refusal(400, code="session_not_open")
        self.world.expire(session)
        return session

    def list_charges(self, params: Json) -> Json:
        return self._listed("charges", params, "customer")

    def get_charge(self, _: Json, id_: str) -> Json:
        return self._get("charges", id_)

    def list_refunds(self, params: Json) -> Json:
        return self._listed("refunds", params, "charge")

    def list_disputes(self, params: Json) -> Json:
        return self._listed("disputes", params, "charge")

    def list_events(self, params: Json) -> Json:
        types = params.get("types", [])
        found = [
            event
            for event in self.world.events
            if event["type"] in types and event["created"] <= (self.until or event["created"])
        ]
        return {**self._page(found, params), "url": "/v1/events"}

    def create_product(self, params: Json) -> Json:
        if params["id"] in self._store("products"):
            raise Refusal(400, code="resource_already_exists")
        return self.world.put(
            "products", "prod", id_=params["id"], object="product", name=params["name"]
        )

    def update_product(self, params: Json, id_: str) -> Json:
        found = self._get("products", id_)
        found |= params
        return found

    def list_prices(self, params: Json) -> Json:
        return self._listed("prices", params, "product")

    def create_price(self, params: Json) -> Json:
        return self.world.make_price(
            params["product"], int(params["unit_amount"]), monthly="recurring" in params
        )

    def list_configurations(self, params: Json) -> Json:
        return self._listed("configurations", params)

    def create_configuration(self, params: Json) -> Json:
        return self.world.put(
            "configurations", "bpc", object="billing_portal.configuration", active=True, **params
        )

    def update_configuration(self, params: Json, id_: str) -> Json:
        found = self._get("configurations", id_)
        found |= params
        return found

    def create_portal(self, params: Json) -> Json:
        flow = params.get("flow_data", {}).get("type", "home")
        return {
            "id": "bps_1",
            "object": "billing_portal.session",
            "url": f"https://portal.stripe.test/{params['customer']}/{flow}",
        }


ID = r"([A-Za-z]+_[\w-]+)"
LIST_PATHS = {
    "sessions": "checkout/sessions",
    "configurations": "billing_portal/configurations",
}
ROUTES: dict[str, dict[str, str]] = {
    "GET": {
        "customers/search": "search_customers",
        f"customers/{ID}": "get_customer",
        "subscriptions": "list_subscriptions",
        f"subscriptions/{ID}": "get_subscription",
        "invoices": "list_invoices",
        f"invoices/{ID}/lines": "list_lines",
        "checkout/sessions": "list_sessions",
        f"checkout/sessions/{ID}": "get_session",
        "charges": "list_charges",
        f"charges/{ID}": "get_charge",
        "refunds": "list_refunds",
        "disputes": "list_disputes",
        "events": "list_events",
        "prices": "list_prices",
        "billing_portal/configurations": "list_configurations",
    },
    "POST": {
        "customers": "create_customer",
        f"customers/{ID}": "update_customer",
        "checkout/sessions": "create_session",
        f"checkout/sessions/{ID}/expire": "expire_session",
        "products": "create_product",
        f"products/{ID}": "update_product",
        "prices": "create_price",
        "billing_portal/configurations": "create_configuration",
        f"billing_portal/configurations/{ID}": "update_configuration",
        "billing_portal/sessions": "create_portal",
    },
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: ClassVar[StripeServer]

    def do_GET(self) -> None:
        self._take(urlsplit(self.path).query)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._take(self.rfile.read(length).decode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _take(self, text: str) -> None:
        served = self.server_of
        call = Call(
            self.command,
            urlsplit(self.path).path,
            unflatten(parse_qsl(text, keep_blank_values=True)),
            self.headers.get("Idempotency-Key", ""),
        )
        fault = served.faults.pop(0) if served.faults else ""
        if fault.isdecimal():
            served.calls.append(call)
            self._send(int(fault), Refusal(int(fault), type_="api_error", code="broken").body)
            return
        if fault == "timeout":
            served.calls.append(call)
            self._hang_up()
            return
        if fault == "slow":
            time.sleep(0.3)
        with served.lock:
            status, body = served.answer(call)
        if fault == "lost":
            self._hang_up()
            return
        self._send(status, body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: Json) -> None:
        raw = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + raw)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """A client that hung up is no news."""


@contextmanager
def serving(world: World, kind: type[Served]) -> Iterator[Served]:
    """A world on a free port of loopback."""
    served = kind(world)
    handler = type("Handler", (_Handler,), {"server_of": served})
    with _Server(("127.0.0.1", 0), handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def unflatten(pairs: list[tuple[str, str]]) -> Json:
    """`items[0][price]=x` as nested dictionaries and lists."""
    tree: Json = {}
    for name, value in pairs:
        keys = re.findall(r"[^\[\]]+|\[\]", name)
        place = tree
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[str(len(place)) if keys[-1] == "[]" else keys[-1]] = value
    return {key: _lists(value) for key, value in tree.items()}


def _lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    values = {key: _lists(value) for key, value in tree.items()}
    if values and all(key.isdecimal() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values
