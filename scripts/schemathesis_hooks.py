"""What schemathesis cannot know from the contract: how to sign in, what a stream of orders looks like, that a key is used once."""

import json
import os
import uuid

import requests
import schemathesis
from hypothesis import strategies as st


@schemathesis.auth(refresh_interval=300)
class Administrator:
    """Signs in, and again after a 401; whoever signs out does so with a token of their own."""

    def get(self, case, context):
        response = requests.post(
            os.environ["HUIYIN_URL"] + "/api/v1/auth/login",
            json={"username": os.environ["HUIYIN_ADMIN_USERNAME"], "password": os.environ["HUIYIN_ADMIN_PASSWORD"]},
            timeout=10,
        )
        response.raise_for_status()
        return response.json()["access_token"]

    def set(self, case, data, context):
        if case.path.endswith("/logout"):
            data = self.get(case, context)
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


order = st.fixed_dictionaries(
    {
        "external_system": st.sampled_from(["shop", "till"]),
        "order_no": st.integers(1, 999).map(str),
        "customer_external_id": st.integers(1, 99).map(str),
        "customer_name": st.text(min_size=1, max_size=20),
        "ordered_at": st.datetimes().map(lambda time: time.isoformat(timespec="seconds") + "Z"),
        "amount": st.integers(0, 10**9).map(lambda cents: f"{cents // 100}.{cents % 100:02}"),
    },
    optional={"status": st.text(max_size=9), "lines": st.lists(st.dictionaries(st.text(), st.integers()), max_size=2)},
)
line = order.map(json.dumps) | st.text(max_size=40) | st.integers().map(str)
schemathesis.openapi.media_type("application/x-ndjson", st.lists(line, min_size=1, max_size=5).map("\n".join).map(str.encode))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Otherwise every case of an operation carries the same key, and all but the first are refused for it."""
    if case.headers and case.headers.get("Idempotency-Key", "").isalnum() and len(case.headers["Idempotency-Key"]) <= 64:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
