// The npm package `messaging-api-messenger` against the simulator: the way its users call it, with `origin` pointing here.

import { PAGE, SECRET, TOKEN, act, assert, base, load, play, post, read, thread } from "./tools.mjs";

const { MessengerClient } = load("messaging-api-messenger");
const client = new MessengerClient({ accessToken: TOKEN, appId: "4004", appSecret: SECRET, version: "25.0", origin: base });
const ADA = "24601";

await post("people", { page: PAGE, psid: ADA, name: "Ada Abe" });
await act(ADA, "write", { text: "hello" });

const last = async () => (await thread(ADA)).at(-1);
const image = "https://pictures.example/waves.png";
const bytes = Buffer.from("a picture, more or less");

/** What the simulator refuses comes back as this client's error, with code and subcode. */
async function refused(promise, code, subcode) {
  const said = await promise.then(() => assert.fail("it was not refused"), (error) => error.response?.data?.error ?? error);
  assert.deepEqual([said.code, said.errorSubcode], [code, subcode], said.message);
}

const cases = {
  async sends() {
    const sent = await client.sendText(ADA, "plain");
    assert.equal(sent.recipientId, ADA);
    assert.equal((await last()).mid, sent.messageId);

    await client.sendText(ADA, "which?", { quickReplies: undefined });
    await client.sendMessage(ADA, { text: "which?", quickReplies: [{ contentType: "text", title: "This", payload: "THIS" }] });
    assert.deepEqual((await last()).choices, ["This"]);
    await act(ADA, "tap", { title: "This" });

    const { id } = await client.createPersona({ name: "Mina", profilePictureUrl: image });
    await client.sendText(ADA, "as Mina", { personaId: id });
    assert.equal((await last()).persona.name, "Mina");
    assert.deepEqual(await client.getPersona(id), { id, name: "Mina", profilePictureUrl: image });
    assert.deepEqual((await client.getAllPersonas()).map((one) => one.name), ["Mina"]);
    assert.deepEqual(await client.deletePersona(id), { success: true });

    await client.markSeen(ADA);
    await client.typingOn(ADA);
    assert.equal((await read(`people/${ADA}/thread?page=${PAGE}`)).typing, true);
    await client.typingOff(ADA);

    await post("clock/advance", { by: "25h" });
    await refused(client.sendText(ADA, "too late"), 10, 2018278);
    await client.sendText(ADA, "a person answers", { messagingType: "MESSAGE_TAG", tag: "HUMAN_AGENT" });
    assert.equal((await last()).tag, "HUMAN_AGENT");
    await refused(client.sendText("31337", "who?"), 100, 2018001);
  },

  async attachments() {
    await client.sendImage(ADA, image);
    assert.equal((await last()).message.attachment.payload.url, image);
    await client.sendAudio(ADA, "https://sounds.example/sea.mp3");
    await client.sendFile(ADA, "https://files.example/list.pdf");
    await client.sendImage(ADA, bytes, { filename: "waves.png" });
    assert.equal((await last()).message.attachment.type, "image");

    const uploaded = await client.uploadImage(image, { isReusable: true });
    await client.sendImage(ADA, { attachmentId: uploaded.attachmentId });
    assert.deepEqual((await last()).files, [image]);
    const fromBytes = await client.uploadImage(bytes, { isReusable: true, filename: "waves.png" });
    assert.match(fromBytes.attachmentId, /^\d+$/);
    await client.sendVideo(ADA, { attachmentId: (await client.uploadVideo("https://films.example/sea.mp4", { isReusable: true })).attachmentId });
    await refused(client.sendImage(ADA, { attachmentId: "1" }), 100, 2018074);
  },

  async templates() {
    const buttons = [{ type: "postback", title: "Put aside", payload: "ASIDE" }, { type: "web_url", title: "See", url: "https://shop.example/" }];
    await client.sendButtonTemplate(ADA, "What now?", buttons);
    assert.deepEqual((await last()).choices, ["Put aside"]);
    await client.sendGenericTemplate(ADA, [{ title: "The Waves", subtitle: "1931", imageUrl: image, buttons }]);
    assert.equal((await last()).message.attachment.payload.elements[0].image_url, image);
    const { attachmentId } = await client.uploadImage(image, { isReusable: true });
    await client.sendMediaTemplate(ADA, [{ mediaType: "image", attachmentId, buttons }]);
    await client.sendReceiptTemplate(ADA, {
      recipientName: "Ada Abe", orderNumber: "1042", currency: "EUR", paymentMethod: "Visa", orderUrl: "https://shop.example/1042", timestamp: "1428444852",
      address: { street1: "1 Quay", street2: "", city: "Haven", postalCode: "94025", state: "CA", country: "US" },
      summary: { subtotal: 75, shippingCost: 4.95, totalTax: 6.19, totalCost: 56.14 },
      adjustments: [{ name: "New customer", amount: 20 }],
      elements: [{ title: "The Waves", subtitle: "1931", quantity: 2, price: 50, currency: "EUR", imageUrl: image }],
    });
    assert.equal((await last()).message.attachment.payload.summary.total_cost, 56.14);
    await client.sendOneTimeNotifReqTemplate(ADA, { title: "When it is back", payload: "BACK" });
    const { id: oneTimeNotifToken } = await act(ADA, "accept", { title: "When it is back" });
    await post("clock/advance", { by: "48h" });
    await client.sendText({ oneTimeNotifToken }, "it is back");
    assert.equal((await last()).text, "it is back");
    await refused(client.sendText({ oneTimeNotifToken }, "again"), 100, undefined);
  },

  async profile() {
    assert.deepEqual(await client.getMessengerProfile(["get_started"]), []);
    const done = { result: "success" };
    assert.deepEqual(await client.setGetStarted("BEGIN"), done);
    assert.deepEqual(await client.getGetStarted(), { payload: "BEGIN" });
    assert.deepEqual(await client.setGreeting("Books by the sea."), done);
    assert.deepEqual(await client.getGreeting(), [{ locale: "default", text: "Books by the sea." }]);
    assert.deepEqual(await client.setPersistentMenu([{ type: "postback", title: "Help", payload: "HELP" }]), done);
    assert.equal((await client.getPersistentMenu())[0].callToActions[0].title, "Help");
    assert.deepEqual(await client.setIceBreakers([{ question: "When are you open?", payload: "OPEN" }]), done);
    assert.deepEqual(await client.getIceBreakers(), [{ question: "When are you open?", payload: "OPEN" }]);
    assert.deepEqual(await client.setWhitelistedDomains(["https://shop.example/"]), done);
    assert.deepEqual(await client.getWhitelistedDomains(), ["https://shop.example/"]);
    assert.deepEqual(await client.setAccountLinkingURL("https://shop.example/in"), done);
    assert.equal(await client.getAccountLinkingURL(), "https://shop.example/in");
    assert.deepEqual(await client.setUserPersistentMenu(ADA, [{ type: "postback", title: "Yours", payload: "YOURS" }]), done);
    assert.equal((await client.getUserPersistentMenu(ADA))[0].callToActions[0].title, "Yours");
    assert.deepEqual(await client.deleteUserPersistentMenu(ADA), done);
    await client.deletePersistentMenu();
    await client.deleteIceBreakers();
    await client.deleteAccountLinkingURL();
    await client.deleteWhitelistedDomains();
    await client.deleteGreeting();
    await client.deleteGetStarted();
    assert.equal(await client.getGetStarted(), null);
  },

  async people() {
    const person = await client.getUserProfile(ADA, { fields: ["id", "name", "first_name", "last_name", "profile_pic"] });
    assert.deepEqual([person.id, person.firstName, person.lastName], [ADA, "Ada", "Abe"]);
    // It calls the label's name as versions before 12 did.
    await refused(client.createLabel("regular"), 100, undefined);
    const old = new MessengerClient({ accessToken: TOKEN, appId: "4004", appSecret: SECRET, version: "6.0", origin: base });
    const label = await old.createLabel("regular");
    assert.deepEqual(await client.associateLabel(ADA, label.id), { success: true });
    assert.deepEqual((await client.getAssociatedLabels(ADA)).data.map((one) => one.id), [label.id]);
    assert.equal((await client.getLabelDetails(label.id, { fields: ["id", "page_label_name", "name"] })).id, label.id);
    assert.equal((await client.getLabelList()).data.length, 1);
    assert.deepEqual(await client.dissociateLabel(ADA, label.id), { success: true });
    assert.deepEqual(await client.deleteLabel(label.id), { success: true });

    assert.equal((await client.getPageInfo()).id, PAGE);
    // With the app's token in the query it proves the Page's, which is no proof of it.
    await refused(client.debugToken(), 100, undefined);
    const unproved = new MessengerClient({ accessToken: TOKEN, appId: "4004", appSecret: SECRET, skipAppSecretProof: true, origin: base });
    assert.equal((await unproved.debugToken()).isValid, true);
    await post("apps", { id: "5005", secret: "another-secret" });
    await post("pages", { id: PAGE, access_token: "another-token", app: "5005" });
    await post(`pages/${PAGE}/settings`, { default_app: "4004" });
    await act(ADA, "write", { text: "may I speak to somebody?" });
    assert.deepEqual(await client.passThreadControl(ADA, "5005", "please"), { success: true });
    assert.equal((await client.getThreadOwner(ADA)).appId, "5005");
    await refused(client.sendText(ADA, "mine?"), 10, 2018300);
    assert.deepEqual(await client.requestThreadControl(ADA, "may I?"), { success: true });
    assert.deepEqual(await client.takeThreadControl(ADA, "mine"), { success: true });
    await client.sendText(ADA, "mine");
  },

  async batches() {
    const { MessengerBatch } = load("messaging-api-messenger");
    const [first, second] = await client.sendBatch([MessengerBatch.sendText(ADA, "one"), MessengerBatch.sendText(ADA, "two")]);
    assert.deepEqual([first.code, second.code], [200, 200]);
    assert.equal((await thread(ADA)).at(-1).mid, second.body.messageId);
    const [profile] = await client.sendBatch([MessengerBatch.getUserProfile(ADA)]);
    assert.equal(profile.body.id, ADA);
  },
};

await cases[play]();
