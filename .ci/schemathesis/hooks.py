"""What a schema cannot say: who asks, and values of formats of our own."""

import json
import os

import requests
import schemathesis
from hypothesis import strategies as st

WORDS = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"), min_size=3, max_size=12)
ZONES = ["America/New_York", "Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata", "UTC"]
ROW = {"metric": "orders", "at": "2026-01-05T10:00:00Z", "key": "r1", "value": 3}

schemathesis.openapi.format("iana-time-zone", st.sampled_from(ZONES))
# The service takes what a mail server would; the standard's quoted and bracketed forms reach nobody.
schemathesis.openapi.format("email", st.tuples(WORDS, WORDS).map(lambda parts: f"{parts[0]}@{parts[1]}.example"))
# No text but the one that an answer gave is a cursor: see `before_call`.
schemathesis.openapi.format("cursor", st.just("Zm9v"))
# Rows as text: whatever they hold is judged row by row, so a good one and a wrong one are enough here.
schemathesis.openapi.media_type("application/x-ndjson", st.sampled_from([json.dumps(ROW).encode(), b"{}\n[1]\n"]))
schemathesis.openapi.media_type("text/csv", st.sampled_from([b"metric,at,key,value\norders,2026-01-05T10:00:00Z,r1,3\n"]))


@schemathesis.serializer("application/x-ndjson", "text/csv")
def rows(context, value):
    """Rows are sent as they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_call(context, case, **kwargs):
    """A made-up cursor is refused, as it should be; pages are read on by links and by our own tests."""
    if case.meta and case.meta.generation.mode.is_positive and case.query:
        case.query.pop("cursor", None)


# Asked for every request: a cached one would sign out all others.
@schemathesis.auth(refresh_interval=None)
class Credential:
    """The caller of this run; an operation that ends its session gets one of its own."""

    def get(self, case, context):
        if case.operation.path != "/v1/sessions/sign-out":
            return os.environ["TILLWATCH_TOKEN"]
        wish = {"email": os.environ["TILLWATCH_EMAIL"], "password": os.environ["TILLWATCH_PASSWORD"]}
        signed = requests.post(os.environ["TILLWATCH_URL"] + "/v1/sessions", json=wish, timeout=30)
        return signed.json()["access_token"]

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"
