"""What a schema cannot say: who asks, and values of formats of our own."""

import os

import requests
import schemathesis


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
