"""Google's own client, unmodified, against the running service, and the wire as Coral uses it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httplib2
import httpx
import pytest
from googleapiclient import discovery
from googleapiclient.errors import HttpError

pytestmark = pytest.mark.slow

RUDE = "You are a complete idiot and everybody hates your stupid face."


@pytest.fixture(scope="module")
def google(live):
    """The client that Perspective's own documents show, with one more string."""
    client = discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=live.key,
        discoveryServiceUrl=f"{live.url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    )
    yield client
    client.close()


def test_google_api_python_client(google):
    """The sample of Perspective's documents, unchanged but for the address."""
    body = {
        "comment": {"text": "friendly greetings from python"},
        "requestedAttributes": {"TOXICITY": {}},
        "clientToken": "t",
    }

    response = google.comments().analyze(body=body).execute()

    assert 0 <= response["attributeScores"]["TOXICITY"]["summaryScore"]["value"] < 0.5
    assert response["clientToken"] == "t"
    suggestion = {
        "comment": {"text": RUDE},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "clientToken": "t2",
    }
    assert google.comments().suggestscore(body=suggestion).execute()["clientToken"] == "t2"


def test_google_understands_our_errors(google, live):
    """The client reads status and message; a wrong key already fails at the discovery document."""
    body = {"comment": {"text": "x"}, "requestedAttributes": {"NICENESS": {}}}
    with pytest.raises(HttpError, match="Unknown requested attribute: NICENESS") as caught:
        google.comments().analyze(body=body).execute()
    assert caught.value.status_code == 400
    http = httplib2.Http()  # ours, so that it can be closed
    with pytest.raises(HttpError, match=r"API key not valid\. Please pass a valid API key\."):
        discovery.build(
            "commentanalyzer",
            "v1alpha1",
            developerKey="0" * 12,
            discoveryServiceUrl=f"{live.url}/$discovery/rest?version=v1alpha1",
            static_discovery=False,
            http=http,
        )
    http.close()


def test_a_client_built_from_the_document(live):
    """Without asking for the document each time."""
    document = httpx.get(f"{live.url}/$discovery/rest?version=v1alpha1").json()
    client = discovery.build_from_document(document, developerKey=live.key)
    body = {"comment": {"text": RUDE}, "requestedAttributes": {"TOXICITY": {}}, "languages": ["en"]}

    assert client.comments().analyze(body=body).execute()["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.8
    client.close()


def test_coral_over_the_wire(live):
    """Coral's request, with an escaped colon as well; sixteen at a time, all within its 800 ms."""
    body = {
        "comment": {"text": RUDE},
        "clientToken": "comment:c1",
        "communityId": "Coral:https://news.example",
        "requestedAttributes": {"TOXICITY": {}},
        "doNotStore": True,
        "languages": ["en"],
    }

    def ask(number: int) -> float:
        colon = ":" if number % 2 else "%3A"
        text = {"text": f"{RUDE} {number}"}
        began = time.monotonic()
        answer = live.http.post(
            f"/v1alpha1/comments{colon}analyze?key={live.key}", content=json.dumps({**body, "comment": text})
        )
        assert answer.json()["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.8
        return time.monotonic() - began

    ask(0)
    with ThreadPoolExecutor(16) as pool:
        times = list(pool.map(ask, range(1, 65)))

    assert max(times) < 0.8
