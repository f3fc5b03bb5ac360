// The page of what was taken along: opens it by the password of the day, shows it, keeps what is
// typed, and sends it by a press. All that came from people is written as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
// Who puts the telephone down unlocked has so long.
const IDLE = 10 * 60_000, TYPED_AFTER = 300;
const ACTS = { note: "یادداشت", visit: "نتیجه مراجعه" };
const when = new Intl.DateTimeFormat("fa-IR-u-nu-latn", { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Tehran" });
const hour = new Intl.DateTimeFormat("fa-IR-u-nu-latn", { timeStyle: "short", timeZone: "Asia/Tehran" });
const grouped = (code) => code.replace(/^(\d{3})(\d{3})(\d{4})$/, "\u200e$1\u00a0$2\u00a0$3");
let key = null, about = null, who = null, tickets = [], items = [], idle = 0, busy = false;

const say = (text) => { at("state").textContent = text; };
const part = (root, name) => root.querySelector(`[data-is="${name}"]`);
const made = (id) => at(id).content.firstElementChild.cloneNode(true);
const titled = (code) => tickets.find((ticket) => ticket.code === code)?.category.fa || "";

// --- what there is, and its end ---

async function begin() {
  let met = null;
  try {
    met = await Along.meet();
  } catch {
    say("این مرورگر چیزی نگه نمی‌دارد (پنجره خصوصی، یا حافظه بسته است)؛ بی ارتباط چیزی همراه نیست.");
    return;
  }
  who = met?.who ?? null;
  if (!met?.about) {
    say("چیزی همراه این دستگاه نیست.");
    lock();
    return;
  }
  if (key && about.take !== met.about.take) lock(); // taken along anew in another tab
  ({ about } = met);
  at("ending").hidden = false;
  if (met.met) at("away").hidden = true;
  if (key) {
    // Nobody who types is disturbed, unless a ticket has gone.
    const left = about.ended ? 0 : (await Along.read(key, about)).length;
    if (!busy && left !== tickets.length) await show();
    return;
  }
  at("open").hidden = false;
  say(about.ended
    ? "زمان پرونده‌های همراه پایان یافت و از این دستگاه پاک شدند؛ نوشته‌های نفرستاده مانده‌اند."
    : `پرونده‌های همراه تا ${when.format(about.until)} می‌مانند.`);
}

function lock() {
  key = null; about = null; tickets = []; items = [];
  for (const id of ["tickets", "unsent"]) at(id).replaceChildren();
  for (const id of ["opened", "lock", "open", "ending"]) at(id).hidden = true;
}

const again = () => { lock(); begin(); };

at("open").addEventListener("submit", async (event) => {
  event.preventDefault();
  const box = at("password"), password = box.value;
  if (!password || busy) return;
  busy = true;
  say("باز می‌شود…");
  const result = await Along.open(password).catch(() => ({ gone: true }));
  busy = false;
  box.value = "";
  if (result.gone || result.left === 0) {
    lock();
    say(result.left === 0 ? "پنج بار نادرست نوشته شد؛ همه چیز از این دستگاه پاک شد." : "چیزی همراه این دستگاه نیست.");
  } else if (result.left) {
    say(`گذرواژه درست نیست؛ ${result.left} بار دیگر می‌توانید بنویسید.`);
    box.focus();
  } else {
    ({ key, about } = result);
    await show();
  }
});

async function show() {
  tickets = about.ended ? [] : await Along.read(key, about);
  items = await Along.readTyped(key, about);
  at("open").hidden = true;
  for (const id of ["opened", "lock", "ending"]) at(id).hidden = false;
  at("until").textContent = tickets.length
    ? `تا ${when.format(about.until)} می‌مانند؛ سپس، یا با بیرون رفتن از میز، پاک می‌شوند.` : "پرونده‌ای همراه نیست.";
  say("");
  at("tickets").replaceChildren(...tickets.map(ticketOf));
  list();
  stir();
}

// --- a ticket ---

function ticketOf(ticket) {
  const root = made("ticket"), { appointment, location: place } = ticket;
  part(root, "title").textContent = `${appointment?.starts_at ? hour.format(new Date(appointment.starts_at)) + "، " : ""}${ticket.category.fa}، ${grouped(ticket.code)}`;
  const facts = [
    ["وضعیت", ticket.state_fa], ["شهرستان", ticket.county?.fa], ["کجا", place?.address],
    ["نقطه", place?.lat != null && `${place.lat}, ${place.long}`],
    ["مراجعه", appointment?.starts_at && `${when.format(new Date(appointment.starts_at))}، ${appointment.office_fa}`],
    ["نشانی محل مراجعه", appointment?.address_fa], ["نام", ticket.name], ["همراه", ticket.mobile]];
  root.querySelector("dl").append(...facts.filter(([, value]) => value).map(fact));
  part(root, "text").textContent = ticket.text;
  part(root, "words").append(...ticket.words.map(wordOf));
  const label = ` ${grouped(ticket.code)}`;
  for (const form of root.querySelectorAll("form")) {
    form.querySelector("textarea").setAttribute("aria-label", `${form.dataset.act === "visit" ? "توضیح نتیجه مراجعه" : "یادداشت داخلی"}${label}`);
    if (form.dataset.act === "visit") form.hidden = !ticket.visit;
    typing(form, ticket);
  }
  return root;
}

function fact([name, value]) {
  const row = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = name;
  const shown = document.createElement("bdi");
  shown.textContent = value;
  dd.append(shown);
  row.append(dt, dd);
  return row;
}

function wordOf(word) {
  const row = document.createElement("li"), head = document.createElement("strong"), said = document.createElement("p");
  head.textContent = `${word.title}، ${when.format(new Date(word.at))}`;
  said.textContent = word.text;
  said.className = "prose";
  row.append(head, said);
  return row;
}

// --- typing: sealed at each word, and again there after the browser was closed ---

function typing(form, ticket) {
  const { act } = form.dataset, id = `draft ${ticket.code} ${act}`, state = form.querySelector("[role=status]");
  const typed = () => ({ id, at: Date.now(), draft: true, act, code: ticket.code, version: ticket.version,
    text: form.elements.text.value, came: form.elements.came?.value ?? "" });
  const draft = items.find((item) => item.id === id);
  if (draft) {
    form.elements.text.value = draft.text;
    if (form.elements.came) form.elements.came.value = draft.came;
    form.closest("details").open = true;
  }
  let timer = 0;
  const keep = async () => {
    clearTimeout(timer);
    try {
      const now = typed();
      if (now.text || now.came) await Along.type(key, about, now); else await Along.forget(id);
      state.textContent = now.text ? "در این دستگاه نگه داشته شد." : "";
      return true;
    } catch (error) {
      state.textContent = error.name === "QuotaExceededError"
        ? "حافظه دستگاه پر است و این نوشته نگه داشته نشد؛ جا باز کنید و دوباره بنویسید."
        : "این نوشته نگه داشته نشد؛ آن را جای دیگری هم بنویسید.";
      return false;
    }
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, TYPED_AFTER); });
  addEventListener("pagehide", () => { if (key && form.isConnected && (form.elements.text.value || form.elements.came?.value)) keep(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    const { draft: _, ...item } = typed();
    if (act === "visit" ? !item.came : !item.text.trim()) {
      state.textContent = act === "visit" ? "اعلام فرمایید شهروند آمد یا نیامد." : "متن را بنویسید.";
      return;
    }
    const ready = { ...item, id: crypto.randomUUID() };
    try {
      await Along.type(key, about, ready);
    } catch {
      await keep();
      return;
    }
    await Along.forget(id);
    items = [...items.filter((other) => other.id !== id), ready];
    form.reset();
    state.textContent = "در «فرستاده نشده» است.";
    list();
  });
}

// --- what was not sent ---

function list() {
  const waiting = items.filter((item) => !item.draft);
  at("unsent").replaceChildren(...waiting.map(itemOf));
  at("none").hidden = waiting.length > 0;
  at("sending").hidden = !waiting.length;
}

function itemOf(item) {
  const root = made("item"), came = { 1: "آمد", 0: "نیامد" }[item.came];
  part(root, "title").textContent = [ACTS[item.act], came, titled(item.code), grouped(item.code), when.format(item.at)].filter(Boolean).join("، ");
  part(root, "text").textContent = item.text;
  part(root, "outcome").textContent = item.outcome || "";
  part(root, "of").textContent = ` ${grouped(item.code)}`;
  root.querySelector("[data-drop]").addEventListener("click", async () => {
    if (!confirm("این نوشته فرستاده نشده است. دور انداخته شود؟")) return;
    await Along.forget(item.id);
    items = items.filter((other) => other !== item);
    list();
  });
  return root;
}

at("send").addEventListener("click", async () => {
  if (busy) return;
  busy = true;
  at("send").disabled = true;
  const outcomes = [];
  for (const item of items.filter((each) => !each.draft)) {
    const outcome = await send(item).catch(() => ({ stop: "ارتباط نیست؛ چیزی گم نشد. با ارتباط دوباره بزنید." }));
    outcomes.push(outcome.done || outcome.stop || "");
    list();
    if (outcome.stop) break;
  }
  busy = false;
  at("send").disabled = false;
  say(outcomes.filter(Boolean).join(" "));
});

async function send(item) {
  const { id, act, code, version, text, came } = item;
  const answer = await fetch("/desk/along/send", { method: "POST", redirect: "error",
    body: new URLSearchParams({ act, code, version, text, came, form: id, owner: about.owner }) });
  const told = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
  if (answer.ok && told) return sent(item, told);
  if (told?.signed_out) {
    return { stop: "نشست شما پایان یافته است: از «میز من» در بالا وارد شوید، سپس به همین صفحه بازگردید. چیزی گم نشد." };
  }
  // Nobody knows whether it was done: the same id is sent again, which does nothing twice.
  if (!told || told.unknown) {
    await note(item, { outcome: "پاسخی نرسید؛ دوباره بفرستید، دو بار ثبت نمی‌شود." });
    return { stop: "میز اکنون پاسخ نمی‌دهد؛ کمی دیگر دوباره بزنید." };
  }
  const changed = told.version && told.version !== version;
  const look = changed ? ` وضعیت کنونی: ${told.state}. پرونده را در میز ببینید؛ اگر هنوز درست است، دوباره بفرستید.` : "";
  await note(item, { version: told.version || version, outcome: `پذیرفته نشد: ${told.refused}${look}` }, crypto.randomUUID());
  return {};
}

// Its own act moved the ticket on: what else was typed for it goes on from there.
async function sent(item, { version }) {
  await Along.forget(item.id);
  items = items.filter((other) => other !== item);
  for (const other of items.filter((each) => !each.draft && each.code === item.code && each.version === item.version)) {
    await note(other, { version });
  }
  for (const ticket of tickets) if (ticket.code === item.code && ticket.version === item.version) ticket.version = version;
  return { done: `${ACTS[item.act]} برای ${grouped(item.code)} ثبت شد.` };
}

async function note(item, members, renewed = item.id) {
  const before = item.id;
  Object.assign(item, members, { id: renewed });
  await Along.type(key, about, item);
  if (renewed !== before) await Along.forget(before);
}

// --- ends: by a press, by idleness, in another tab, at the next connection ---

at("erase").addEventListener("click", async () => {
  if (!confirm("پرونده‌های همراه و نوشته‌های نفرستاده از این دستگاه پاک شود؟ آنچه فرستاده نشده، از میان می‌رود.")) return;
  await Along.eraseAll();
  lock();
  say("همه چیز از این دستگاه پاک شد.");
});
at("lock").addEventListener("click", again);

function stir() {
  clearTimeout(idle);
  if (key) idle = setTimeout(again, IDLE);
}
for (const name of ["pointerdown", "keydown"]) addEventListener(name, stir);
addEventListener("online", () => { at("away").hidden = true; begin(); });
addEventListener("offline", () => { at("away").hidden = false; });
Along.told?.addEventListener("message", again);
// Signing out of everywhere clears the store, which opens anew once that is done.
addEventListener("along-gone", () => { lock(); setTimeout(begin, 1000); });
setInterval(() => { if (about && !about.ended && Date.now() >= about.until) again(); }, 30_000);
// At another address this page stands for one that did not come.
at("away").hidden = navigator.onLine && location.pathname === "/desk/offline";
begin();
