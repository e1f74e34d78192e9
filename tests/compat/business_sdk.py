"""Meta's own SDK for Python (`facebook_business`) against the simulator: only the address it calls is another one."""

import json
import os
import sys
import urllib.request

from facebook_business.adobjects.page import Page
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

BASE, CASE = sys.argv[1:3]
PAGE, TOKEN, SECRET, ADA = "1001", "compat-page-token", "compat-app-secret", "24601"

FacebookSession.GRAPH = BASE
FacebookAdsApi.init(app_id="4004", app_secret=SECRET, access_token=TOKEN)
page = Page(PAGE)


def admin(path, body=None):
    request = urllib.request.Request(f"{BASE}/admin/{path}", None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def act(deed, **members):
    return admin(f"people/{ADA}/{deed}", {"page": PAGE, **members})


def thread():
    return admin(f"people/{ADA}/thread?page={PAGE}")["rows"]


def send(message, **more):
    sent = page.create_message(params={"recipient": {"id": ADA}, "messaging_type": "RESPONSE", "message": message, **more})
    assert thread()[-1]["mid"] == sent["message_id"], sent
    return sent["message_id"]


def refused(call, code, subcode=None):
    try:
        call()
    except FacebookRequestError as error:
        assert (error.api_error_code(), error.api_error_subcode()) == (code, subcode), error
        return error
    raise AssertionError("it was not refused")


def sends():
    send({"text": "plain", "metadata": "m1"})
    send({"text": "which?", "quick_replies": [{"content_type": "text", "title": "This", "payload": "THIS"}]})
    act("tap", title="This")
    assert thread()[-1]["text"] == "This"
    element = {"title": "The Waves", "buttons": [{"type": "postback", "title": "Put aside", "payload": "ASIDE"}]}
    send({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [element]}}})
    assert thread()[-1]["choices"] == ["Put aside"]
    persona = page.create_persona(params={"name": "Mina", "profile_picture_url": "https://pictures.example/mina.png"})
    send({"text": "as Mina"}, persona_id=persona["id"])
    assert thread()[-1]["persona"]["name"] == "Mina"
    assert [one["name"] for one in page.get_personas(fields=["name"])] == ["Mina"]
    page.create_message(params={"recipient": {"id": ADA}, "sender_action": "typing_on"})
    assert admin(f"people/{ADA}/thread?page={PAGE}")["typing"]

    admin("clock/advance", {"by": "25h"})
    late = {"recipient": {"id": ADA}, "messaging_type": "RESPONSE", "message": {"text": "too late"}}
    error = refused(lambda: page.create_message(params=late), 10, 2018278)
    assert not error.api_transient_error() and error.http_status() == 400
    send({"text": "a person answers"}, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    act("write", text="still here")
    admin("faults", {"kind": "throttle"})
    refused(lambda: page.create_message(params=late), 613)


def uploads():
    url = "https://pictures.example/waves.png"
    image = {"attachment": {"type": "image", "payload": {"url": url, "is_reusable": True}}}
    saved = page.create_message_attachment(params={"message": image})
    send({"attachment": {"type": "image", "payload": {"attachment_id": saved["attachment_id"]}}})
    assert thread()[-1]["files"] == [url]


def edges():
    page.create_messenger_profile(params={"get_started": {"payload": "BEGIN"}, "greeting": [{"locale": "default", "text": "Books."}]})
    profile = page.get_messenger_profile(fields=["get_started", "greeting"])
    assert profile[0]["get_started"] == {"payload": "BEGIN"}, profile
    page.delete_messenger_profile(params={"fields": ["greeting"]})
    assert "greeting" not in page.get_messenger_profile(fields=["get_started", "greeting"])[0]

    label = page.create_custom_label(params={"page_label_name": "regular"})
    assert [one["page_label_name"] for one in page.get_custom_labels(fields=["page_label_name"])] == ["regular"]
    assert label["id"]
    page.create_subscribed_app(params={"subscribed_fields": ["messages", "messaging_postbacks"]})
    assert page.get_subscribed_apps()[0]["id"] == "4004"
    talks = page.get_conversations(fields=["id", "participants"])
    assert len(talks) == 1 and talks[0]["participants"]["data"], talks
    assert page.api_get(fields=["id", "name"])["id"] == PAGE


def batch():
    batch = FacebookAdsApi.get_default_api().new_batch()
    answers = []
    for text in ("one", "two"):
        params = {"recipient": {"id": ADA}, "message": {"text": text}}
        page.create_message(params=params, batch=batch, success=answers.append, failure=answers.append)
    batch.execute()
    assert [answer.status() for answer in answers] == [200, 200], [answer.body() for answer in answers]
    assert [row["text"] for row in thread()[-2:]] == ["one", "two"]


admin("people", {"page": PAGE, "psid": ADA, "name": "Ada Abe"})
act("write", text="hello")
{"sends": sends, "uploads": uploads, "edges": edges, "batch": batch}[CASE]()
