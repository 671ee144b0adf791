"""What a schema cannot say: who asks, and values of formats of our own."""

import hashlib
import itertools
import json
import os
import threading
import time

import requests
import schemathesis
from hypothesis import strategies as st

URL, PASSWORD, RETAILER = (os.environ[f"TILLWATCH_{name}"] for name in ("URL", "PASSWORD", "RETAILER"))
WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"), min_size=3, max_size=12)
ZONES = ["America/New_York", "Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata", "UTC"]
ROW = {"metric": "orders", "at": "2026-01-05T10:00:00Z", "key": "r1", "value": 3}

schemathesis.openapi.format("iana-time-zone", st.sampled_from(ZONES))
# The service takes what a mail server would; the standard's quoted and bracketed forms reach nobody.
schemathesis.openapi.format("email", st.tuples(WORDS, WORDS).map(lambda parts: f"{parts[0]}@{parts[1]}.example"))
# A name that leads nowhere: what is sent to it is not delivered.
schemathesis.openapi.format("https-url", st.tuples(WORDS, WORDS).map(lambda parts: f"https://{parts[0]}.example/{parts[1]}"))
# No text but the one that an answer gave is a cursor: see `before_call`.
schemathesis.openapi.format("cursor", st.just("Zm9v"))
# Rows as text: whatever they hold is judged row by row, so a good one and a wrong one are enough here.
schemathesis.openapi.media_type("application/x-ndjson", st.sampled_from([json.dumps(ROW).encode(), b"{}\n[1]\n"]))
schemathesis.openapi.media_type("text/csv", st.sampled_from([b"metric,at,key,value\norders,2026-01-05T10:00:00Z,r1,3\n"]))

# What only the caller can know, in the bodies that ask for it.
KNOWN = {
    "password_change": {"current": PASSWORD},
    "auth_reauthenticate": {"password": PASSWORD},
    "second_factor_remove": {"password": PASSWORD},
    "tenant_close": {"confirm": RETAILER},
}
# These take from the caller what the other operations need: a session, a password, a free sign-in, an open retailer. Each
# has an owner of its own, at a retailer of its own, for as long as that one can still do everything.
TAKING = {
    *KNOWN, "auth_sign_out", "auth_sessions_revoke", "auth_sessions_revoke_others", "auth_switch", "second_factor_begin",
    "second_factor_confirm", "second_factor_recovery_codes", "staff_authority", "staff_disable", "staff_update",
    "staff_sign_out_everywhere", "tenant_keep_open", "tenant_second_factor",
}
OWNERS, NUMBERS, LOCK = {}, itertools.count(1), threading.Lock()
# Seconds after which the owner signs in anew: an access token lives for ten minutes, a run for longer on a slow machine.
TOKEN_FOR = 240
SIGNED = {"token": os.environ["TILLWATCH_TOKEN"], "until": time.monotonic() + TOKEN_FOR}


@schemathesis.serializer("application/x-ndjson", "text/csv")
def rows(context, value):
    """Rows are sent as they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Rows are sent as bytes (above), which an example in a document cannot be."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                if not kind.endswith("/json"):
                    media.pop("example", None)


@schemathesis.hook
def before_call(context, case, **kwargs):
    """What is right by the schema is made right altogether."""
    if not (case.meta and case.meta.generation.mode.is_positive):
        return
    # A made-up cursor is refused, as it should be; pages are read on by links and by our own tests.
    if case.query:
        case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        case.body = plain(case.body) | KNOWN.get(operation_id(case), {})
    # A key belongs to one request: the same one has the same, another one another.
    if key := (case.headers or {}).get("Idempotency-Key"):
        request = repr((case.media_type, case.query, case.body)).encode("utf-8", "surrogatepass")
        case.headers["Idempotency-Key"] = f"{key[:200]}-{hashlib.sha256(request).hexdigest()[:32]}"


def plain(value):
    """For a JSON schema 42.0 is an integer; an integer of ours is written without a point."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(element) for element in value]
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if whole else value


@schemathesis.hook
def after_call(context, case, response):
    """A new password ends the use of the owner who knew the old one."""
    if operation_id(case) == "password_change" and response.status_code == 200:
        OWNERS.pop("password_change", None)


def operation_id(case):
    return case.operation.definition.raw["operationId"]


def owner(operation):
    """A token of the owner that `operation` has for itself."""
    with LOCK:
        token = OWNERS.get(operation)
        # Settings are shown to whoever is signed in, has their second factor and is of an open retailer.
        if token and requests.get(f"{URL}/v1/tenant", headers={"Authorization": f"Bearer {token}"}, timeout=30).ok:
            return token
        wish = {
            "retailer": RETAILER, "name": "Li Wei", "email": f"owner{next(NUMBERS)}-{os.getpid()}@spare.example",
            "password": PASSWORD, "time_zone": "Asia/Shanghai", "currency": "USD",
        }
        signed = requests.post(f"{URL}/v1/sign-up", json=wish, timeout=30)
        signed.raise_for_status()
        OWNERS[operation] = signed.json()["access_token"]
        return OWNERS[operation]


def signed_in():
    """A token of the run's own owner that works for some minutes yet."""
    with LOCK:
        if time.monotonic() > SIGNED["until"]:
            who = {"email": os.environ["TILLWATCH_EMAIL"], "password": PASSWORD}
            signed = requests.post(f"{URL}/v1/sessions", json=who, timeout=30)
            signed.raise_for_status()
            SIGNED.update(token=signed.json()["access_token"], until=time.monotonic() + TOKEN_FOR)
        return SIGNED["token"]


# Asked for every request: a cached one would sign out all others.
@schemathesis.auth(refresh_interval=None)
class Credential:
    """The caller of this run; an owner's own one where it does not outlive the request."""

    def get(self, case, context):
        operation = operation_id(case)
        if os.environ["TILLWATCH_WHO"] != "owner":
            return os.environ["TILLWATCH_TOKEN"]
        return owner(operation) if operation in TAKING else signed_in()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"
