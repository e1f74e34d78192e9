"""A bot written with the PyPI package `fbmessenger`: it hears of people by webhooks and answers by the Send API. The package
is used as it is; only the address it calls is another one."""

import hashlib
import hmac
import json
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from fbmessenger import BaseMessenger
from fbmessenger.elements import Button, Element, Text
from fbmessenger.quick_replies import QuickReplies, QuickReply
from fbmessenger.sender_actions import SenderAction

BASE, CASE = sys.argv[1:3]
PAGE, TOKEN, SECRET, ADA = "1001", "compat-page-token", "compat-app-secret", "24601"


class Bookseller(BaseMessenger):
    def __init__(self):
        super().__init__(TOKEN, app_secret=SECRET)
        self.client.graph_url = f"{BASE}/v25.0"
        self.heard = []

    def message(self, event):
        if event["message"].get("is_echo"):
            return
        payload = event["message"].get("quick_reply", {}).get("payload")
        self.send_action(SenderAction(sender_action="typing_on").to_dict())
        if payload == "YES":
            button = Button(button_type="postback", title="Put aside", payload="ASIDE")
            book = Element(title="The Waves", subtitle="1931", image_url="https://pictures.example/waves.png", buttons=[button])
            # Its own class of templates needs a Python older than 3.10.
            card = {"template_type": "generic", "elements": [book.to_dict()]}
            self.send({"attachment": {"type": "template", "payload": card}})
        else:
            replies = QuickReplies(quick_replies=[QuickReply(title="Yes", payload="YES"), QuickReply(title="No", payload="NO")])
            name = self.get_user()["first_name"]
            self.send(Text(text=f"Hello {name}, a book?", quick_replies=replies).to_dict())

    def postback(self, event):
        self.send(Text(text=f"Done: {event['postback']['payload']}").to_dict())

    def delivery(self, event):
        self.heard.append("delivery")

    def read(self, event):
        self.heard.append("read")

    def optin(self, event):
        self.heard.append("optin")

    def account_linking(self, event):
        self.heard.append("account_linking")


bot = Bookseller()


class Webhook(BaseHTTPRequestHandler):
    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        is_ours = query["hub.verify_token"] == ["a-verify-token"] and query["hub.mode"] == ["subscribe"]
        self.answer(200 if is_ours else 403, query["hub.challenge"][0].encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        for header, digest in (("X-Hub-Signature-256", hashlib.sha256), ("X-Hub-Signature", hashlib.sha1)):
            kind, signature = self.headers[header].split("=")
            assert kind == digest().name and hmac.compare_digest(signature, hmac.new(SECRET.encode(), body, digest).hexdigest())
        bot.handle(json.loads(body))
        self.answer(200, b"EVENT_RECEIVED")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def admin(path, body=None):
    request = urllib.request.Request(f"{BASE}/admin/{path}", None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def act(deed, **members):
    return admin(f"people/{ADA}/{deed}", {"page": PAGE, **members})


def until(holds):
    """The thread, as soon as its messages are so."""
    n = 0
    while True:
        # Each wait ends as soon as a message comes.
        thread = admin(f"people/{ADA}/thread?page={PAGE}")
        if holds(thread["rows"]):
            return thread["rows"]
        n += 1
        assert n < 20, thread["rows"]
        admin(f"people/{ADA}/thread?page={PAGE}&after={thread['messages']}&wait_ms=1000")


def talks():
    act("write", text="hello")
    rows = until(lambda rows: len(rows) == 2)
    assert rows[-1]["text"] == "Hello Ada, a book?" and rows[-1]["choices"] == ["Yes", "No"], rows
    act("tap", title="Yes")
    rows = until(lambda rows: len(rows) == 4)
    assert rows[-1]["choices"] == ["Put aside"], rows
    act("tap", title="Put aside")
    assert until(lambda rows: len(rows) == 6)[-1]["text"] == "Done: ASIDE"
    admin("idle?wait_ms=5000")
    assert "delivery" in bot.heard
    assert [row["http_status"] for row in admin("recorder/webhooks?kind=message")] == [200, 200]


def is_lied_to():
    """Twice the same webhook, then one out of order: whatever a bot makes of it, the person sees it."""
    admin("faults", {"kind": "webhook_duplicated", "webhook": "message"})
    act("write", text="hello")
    rows = until(lambda rows: len(rows) == 3)
    assert [row["text"] for row in rows[1:]] == ["Hello Ada, a book?"] * 2, rows
    admin("faults", {"kind": "refuse"})
    act("write", text="again")
    admin("idle?wait_ms=5000")
    assert admin(f"recorder/calls?psid={ADA}&kind=messages")[-1]["subcode"] == 2018278


server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
threading.Thread(target=server.serve_forever, daemon=True).start()
admin("people", {"page": PAGE, "psid": ADA, "name": "Ada Abe"})
admin("subscribe", {"url": f"http://127.0.0.1:{server.server_port}/webhook", "verify_token": "a-verify-token"})
bot.set_messenger_profile({"get_started": {"payload": "BEGIN"}})
# It subscribes as in 2018, without saying to what.
assert bot.subscribe_app_to_page()["error"]["code"] == 100
{"talks": talks, "is_lied_to": is_lied_to}[CASE]()
server.shutdown()
