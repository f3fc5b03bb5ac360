// What a colleague took along, in this browser's own store: sealed, with an end. The worker and the
// pages of the desk share it. Nothing here stands open: a password of the day, which nobody keeps,
// opens it, and what ends it needs no password.
"use strict";

self.Along = (() => {
  const NAME = "mirab-along", COPY = "copy", ROUNDS = 600_000, TRIES = 5;
  // What was typed and not sent outlives the tickets, but not for ever.
  const TYPED_KEPT = 7 * 24 * 3600_000;
  // A clock may be put right by so much; one that was set back further is not believed.
  const SET_BACK = 5 * 60_000;
  const text = new TextEncoder(), words = new TextDecoder();
  const told = "BroadcastChannel" in self ? new BroadcastChannel(NAME) : null;
  const asked = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

  let opened = null;
  function store() {
    opened ??= new Promise((done, failed) => {
      if (!self.indexedDB) throw new Error("no store");
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("about");
        request.result.createObjectStore("tickets", { keyPath: "code" });
        request.result.createObjectStore("typed", { keyPath: "id" });
      };
      request.onsuccess = () => {
        // Another tab, or what clears the site's data, is not held up; the page hears of it.
        const gone = () => { request.result.close(); opened = null; self.dispatchEvent(new Event("along-gone")); };
        Object.assign(request.result, { onversionchange: gone, onclose: gone });
        done(request.result);
      };
      request.onerror = () => failed(request.error);
    }).catch((error) => { opened = null; throw error; });
    return opened;
  }

  // One transaction: all of it is kept, or nothing.
  async function within(mode, work) {
    const transaction = (await store()).transaction(["about", "tickets", "typed"], mode);
    const ended = new Promise((done, failed) => {
      transaction.oncomplete = done;
      transaction.onabort = () => failed(transaction.error);
    });
    ended.catch(() => {});
    const result = await work((name) => transaction.objectStore(name));
    await ended;
    return result;
  }

  async function keyOf(password, salt, rounds) {
    const typed = await crypto.subtle.importKey(
      "raw", text.encode(password.normalize("NFKC")), "PBKDF2", false, ["deriveKey"]);
    return crypto.subtle.deriveKey(
      { name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, typed,
      { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  }

  // What is sealed opens only in its own place: that of another ticket, or of another day, does not.
  async function sealed(key, place, data) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const additionalData = text.encode(place);
    return { iv, data: await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData }, key, text.encode(JSON.stringify(data))) };
  }

  async function unsealed(key, place, { iv, data }) {
    const additionalData = text.encode(place);
    return JSON.parse(words.decode(await crypto.subtle.decrypt(
      { name: "AES-GCM", iv, additionalData }, key, data)));
  }

  const copy = () => within("readonly", (of) => asked(of("about").get(COPY)));
  const change = (members) => within("readwrite", async (of) => {
    const about = await asked(of("about").get(COPY));
    if (about) of("about").put({ ...about, ...members }, COPY);
  });
  const typed = () => within("readonly", (of) => asked(of("typed").getAll()));
  // Drafts count too: they were typed.
  const unsent = async () => (await typed()).length;

  async function eraseAll() {
    await within("readwrite", (of) => { for (const name of ["about", "tickets", "typed"]) of(name).clear(); });
    told?.postMessage("ended");
  }

  // The tickets go; what was typed stays sealed until it is sent, and its password opens it still.
  async function eraseTickets() {
    await within("readwrite", async (of) => {
      of("tickets").clear();
      if (await asked(of("typed").count())) {
        const about = await asked(of("about").get(COPY));
        if (about) of("about").put({ ...about, ended: true }, COPY);
      } else {
        of("about").clear();
      }
    });
    told?.postMessage("ended");
  }

  // Ends what is over by the clock; says what is here, or null.
  async function tend() {
    const about = await copy();
    if (!about) return null;
    const now = Date.now(), setBack = now < about.seen - SET_BACK;
    if (now > about.takenAt + TYPED_KEPT) await eraseAll();
    else if (!about.ended && (setBack || now >= about.until)) await eraseTickets();
    else if (!setBack) await change({ seen: Math.max(now, about.seen) });
    return (await copy()) ?? null;
  }

  // With a connection: whether the service lets it stay. An answer that does not come ends nothing.
  async function meet() {
    const about = await tend();
    if (!about) return null;
    let standing = null;
    try {
      const answer = await fetch("/desk/along/standing", {
        method: "POST", body: new URLSearchParams({ take: about.take }), redirect: "error" });
      standing = answer.ok ? await answer.json() : null;
    } catch { /* no connection */ }
    if (!standing) return { about, who: null, met: false };
    const another = standing.who !== null && standing.who !== about.owner;
    if (!about.ended && (another || !standing.stands)) await eraseTickets();
    else if (!about.ended) await keepOnly(standing.codes);
    return { about: await copy(), who: standing.who, met: true };
  }

  const keepOnly = (codes) => within("readwrite", async (of) => {
    for (const code of await asked(of("tickets").getAllKeys())) {
      if (!codes.includes(code)) of("tickets").delete(code);
    }
  });

  // Seals what the service gave; what was here goes. Refused while something typed waits.
  async function keep(given, password) {
    if ((await tend()) && await unsent()) throw new Error("unsent");
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const key = await keyOf(password, salt, ROUNDS), now = Date.now();
    const end = { until: Date.parse(given.until), owner: given.username, take: given.take };
    const tickets = await Promise.all(given.tickets.map(async (ticket) => ({
      code: ticket.code, ...await sealed(key, `${given.take} ${ticket.code}`, ticket) })));
    const about = { ...end, salt, rounds: ROUNDS, wrong: 0, seen: now, takenAt: now, ended: false,
      check: await sealed(key, `${given.take} check`, end) };
    await within("readwrite", (of) => {
      of("tickets").clear();
      of("about").put(about, COPY);
      for (const ticket of tickets) of("tickets").put(ticket);
    });
    told?.postMessage("ended"); // what another tab shows is no longer what is here
  }

  // A try is counted before it is made: who ends the page in between has used it up.
  async function open(password) {
    const about = await tend();
    if (!about) return { gone: true };
    const wrong = about.wrong + 1;
    await change({ wrong });
    const key = await keyOf(password, about.salt, about.rounds);
    let end = null;
    try {
      end = await unsealed(key, `${about.take} check`, about.check);
    } catch {
      if (wrong >= TRIES) await eraseAll();
      return { left: TRIES - wrong };
    }
    // The end that was sealed counts, not what somebody wrote beside it.
    await change({ wrong: 0, until: end.until, owner: end.owner });
    return { key, about: await tend() };
  }

  // What one opened: its tickets, and what is typed, which is sealed at each word.
  async function read(key, about) {
    const rows = await within("readonly", (of) => asked(of("tickets").getAll()));
    return Promise.all(rows.map((row) => unsealed(key, `${about.take} ${row.code}`, row)));
  }

  async function readTyped(key, about) {
    const items = await Promise.all((await typed()).map(async (row) => (
      { ...await unsealed(key, `${about.take} ${row.id}`, row), id: row.id, at: row.at })));
    return items.sort((one, other) => one.at - other.at);
  }

  async function type(key, about, { id, at, ...item }) {
    const row = { id, at, ...await sealed(key, `${about.take} ${id}`, item) };
    await within("readwrite", async (of) => {
      // Another tab may have erased it meanwhile: nothing is typed into what is gone.
      if ((await asked(of("about").get(COPY)))?.take !== about.take) throw new Error("gone");
      of("typed").put(row);
    });
  }

  const forget = (id) => within("readwrite", async (of) => {
    of("typed").delete(id);
    const about = await asked(of("about").get(COPY));
    if (about?.ended && !await asked(of("typed").count())) of("about").clear();
  });

  return { TRIES, told, tend, meet, keep, open, read, readTyped, type, forget, unsent, eraseTickets, eraseAll };
})();
