// The reference: copies code, switches languages, marks the place that is read, finds as one types,
// and signs a call with a key that stays in this page. Without it links and commands do the same.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, text, attributes = {}) => {
  const element = Object.assign(document.createElement(tag), { textContent: text });
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

// --- copying ---

const isFa = document.documentElement.lang === "fa";
for (const code of all("pre[data-copy]")) {
  const button = make("button", isFa ? "رونوشت" : "Copy", { type: "button", class: "quiet copy" });
  const frame = make("div", "", { class: "copied" });
  code.replaceWith(frame);
  frame.append(code, button);
  button.addEventListener("click", async () => {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = isFa ? "رونوشت شد" : "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = isFa ? "برگزیده شد" : "Selected";
    }
    setTimeout(() => { button.textContent = before; }, 1500);
  });
}

// --- the language of samples ---

const WAY = "mirab-samples";
const stored = (storage, name, value) => {
  try {
    if (value === undefined) return storage.getItem(name);
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, value);
  } catch { /* a browser that keeps nothing: nothing is kept */ }
  return null;
};
const show = (way) => {
  if (!all(`.samples [data-in="${way}"]`).length) return;
  for (const sample of all(".samples [data-in]")) sample.hidden = sample.dataset.in !== way;
  for (const link of all("#samples a")) {
    const mine = new URL(link.href).searchParams.get("in") === way;
    if (mine) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
};
for (const link of all("#samples a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const way = new URL(link.href).searchParams.get("in");
    stored(localStorage, WAY, way);
    show(way);
  });
}
if (!new URLSearchParams(location.search).has("in")) {
  const way = stored(localStorage, WAY);
  if (/^[a-z]+$/.test(way || "")) show(way);
}

// --- the place that is read ---

const current = document.querySelector(".rail [aria-current]");
if (current) current.scrollIntoView({ block: "nearest" });
const links = all(".on-page a");
const places = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
const mark = () => {
  const line = innerHeight / 3;
  let read = 0;
  places.forEach((place, n) => {
    if (place && place.getBoundingClientRect().top <= line) read = n;
  });
  if (innerHeight + scrollY >= document.documentElement.scrollHeight - 2) read = links.length - 1;
  links.forEach((link, n) => {
    if (n === read) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
};
if (links.length) {
  addEventListener("scroll", mark, { passive: true });
  mark();
}

// --- finding as one types ---

const field = document.querySelector(".finder input");
if (field) {
  const hits = document.getElementById("hits");
  let waiting, asked = 0;
  const find = async () => {
    const turn = ++asked, words = field.value.trim();
    if (!words) {
      hits.hidden = true;
      return;
    }
    const answer = await fetch(`/search?q=${encodeURIComponent(words)}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (turn !== asked) return;
    hits.replaceChildren(...page.getElementById("results").childNodes);
    hits.hidden = false;
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => find().catch(() => { hits.hidden = true; }), 150);
  });
  addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(event.target.tagName || "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      field.focus();
    } else if (event.key === "Escape") hits.hidden = true;
  });
}

// --- trying: Ed25519 (Web Cryptography) and RFC 9421 ---

const b64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const b64url = (bytes) => b64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const octets = (text) => Uint8Array.from(
  atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const utf8 = (text) => new TextEncoder().encode(text);
const sha256 = (bytes) => crypto.subtle.digest("SHA-256", bytes);
const digestOf = async (bytes) => `sha-256=:${b64(await sha256(bytes))}:`;
const KEPT = "mirab-sandbox-key";
const pem = (pkcs8) => `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
const privateKey = (pkcs8) => crypto.subtle.importKey("pkcs8", octets(pkcs8), "Ed25519", false, ["sign"]);

// A new key, registered for a day; {pkcs8, key_id, code, until}. The private half is not sent.
async function newcomer() {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { crv, kty, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = { crv, kty, x };
  const json = (value) => b64url(utf8(JSON.stringify(value)));
  const claims = {
    sub: "sandbox",
    jkt: b64url(await sha256(utf8(JSON.stringify(jwk)))),
    iat: Math.floor(Date.now() / 1000),
  };
  const proven = `${json({ typ: "mirab-key-proof+jwt", alg: "EdDSA" })}.${json(claims)}`;
  const proof = `${proven}.${b64url(await crypto.subtle.sign("Ed25519", pair.privateKey, utf8(proven)))}`;
  const answer = await fetch("/sandbox/agencies", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Reference page", jwk, proof, days: 1 }),
  });
  const told = await answer.json();
  if (answer.status !== 201) throw new Error(`${told.detail} ${told.what_to_do || ""}`);
  const pkcs8 = b64(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  return { pkcs8, key_id: told.key_id, code: told.code, until: told.until };
}

// The base and the headers of a signed request.
async function signed(key, method, target, body) {
  const now = Math.floor(Date.now() / 1000);
  const headers = {
    "Content-Digest": await digestOf(utf8(body)),
    "Content-Type": "application/json",
    "Idempotency-Key": `"${crypto.randomUUID()}"`,
  };
  const covered = ["content-digest", "content-type", "idempotency-key"];
  const params = `("@method" "@target-uri" ${covered.map((name) => `"${name}"`).join(" ")})` +
    `;created=${now};expires=${now + 120};nonce="${crypto.randomUUID()}"` +
    `;keyid="${key.key_id}";alg="ed25519";tag="mirab"`;
  const base = [
    `"@method": ${method}`,
    `"@target-uri": ${target}`,
    ...Object.entries(headers).map(([name, value]) => `"${name.toLowerCase()}": ${value}`),
    `"@signature-params": ${params}`,
  ].join("\n");
  const made = await crypto.subtle.sign("Ed25519", await privateKey(key.pkcs8), utf8(base));
  headers["Signature-Input"] = `mirab=${params}`;
  headers.Signature = `mirab=:${b64(made)}:`;
  return { base, headers };
}

// Whether Mirab signed this answer as the one to this request: "" or what is wrong.
async function doubt(answer, bytes, request) {
  const head = (name) => answer.headers.get(name) || "";
  const params = head("signature-input").replace(/^mirab=/, "");
  const keyid = (/;keyid="([^"]+)"/.exec(params) || [])[1];
  const receipt = head("mirab-receipt"); // the promise of a receipt, where the answer has one
  const covers = '("@status" "content-type" "content-digest" "@method";req "@target-uri";req ' +
    `"content-digest";req "signature";req${receipt && ' "mirab-receipt"'});`;
  if (!params.startsWith(covers)) return "its signature covers too little";
  if (head("content-digest") !== await digestOf(bytes)) return "its body is not the one that was signed";
  const { keys } = await (await fetch("/.well-known/jwks.json")).json();
  const jwk = keys.find((key) => key.kid === keyid);
  if (!jwk) return `its key ${keyid} is not published`;
  const { crv, kty, x } = jwk;
  const key = await crypto.subtle.importKey("jwk", { crv, kty, x }, "Ed25519", false, ["verify"]);
  const base = [
    `"@status": ${answer.status}`,
    `"content-type": ${head("content-type")}`,
    `"content-digest": ${head("content-digest")}`,
    `"@method";req: ${request.method}`,
    `"@target-uri";req: ${request.target}`,
    `"content-digest";req: ${request.headers["Content-Digest"]}`,
    `"signature";req: ${request.headers.Signature}`,
    ...(receipt ? [`"mirab-receipt": ${receipt}`] : []),
    `"@signature-params": ${params}`,
  ].join("\n");
  const signature = octets((/^mirab=:(.*):$/.exec(head("signature")) || ["", ""])[1]);
  const holds = await crypto.subtle.verify("Ed25519", key, signature, utf8(base));
  return holds ? "" : "its signature does not hold";
}

// What a refusal says and what to do, in sentences; a clock that is wrong is told by how much.
function refusal(answer, text) {
  let problem;
  try { problem = JSON.parse(text); } catch { return []; }
  const behind = Math.round((Date.parse(answer.headers.get("date")) - Date.now()) / 60000);
  const isLate = /^signature\.(expired|not_yet_valid)$/.test(problem.code) && behind;
  const clock = `The clock of this machine is ${Math.abs(behind)} minutes ${behind > 0 ? "behind" : "ahead of"} ` +
    "ours, and a signature holds for two. Set it, then send again.";
  const more = make("a", "More about this problem", { href: problem.type || `/problems/${problem.code}` });
  const said = make("div", "");
  said.append(
    make("p", problem.title || "", { class: "callout-title" }),
    make("p", isLate ? clock : [problem.detail, problem.what_to_do].filter(Boolean).join(" ")),
    more,
  );
  return [said];
}

const pretty = (text) => {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
};
const lines = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");

async function canSign() {
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

async function trial(form) {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const said = part("said"), { base, method, path } = form.dataset;
  const say = (kind, text) => said.replaceChildren(
    ...(text ? [make("p", text, { class: kind === "bad" ? "fault" : "muted" })] : []));
  let key = null;
  form.hidden = false;
  if (!await canSign()) {
    form.replaceChildren(make("p",
      "This browser does not sign by Ed25519 here: open the page over https (or at 127.0.0.1) in a " +
      "browser of 2025 or newer, or use the sample for curl."));
    return;
  }
  const take = (taken) => {
    key = taken;
    part("keyless").hidden = Boolean(key);
    part("keyed").hidden = part("forget").hidden = !key;
    part("save").hidden = part("make").hidden = false;
    part("make").hidden = Boolean(key);
    part("save").hidden = !key || !key.code;
    if (key) {
      part("key-id").textContent = key.key_id;
      part("agency").textContent = key.code || "your agency";
      part("until").textContent = key.until || "its last day";
      for (const code of all(".samples code")) {
        code.textContent = code.textContent.replaceAll("your-key-id", key.key_id);
      }
    }
    stored(sessionStorage, KEPT, key && part("keep").checked ? JSON.stringify(key) : null);
  };
  const kept = stored(sessionStorage, KEPT);
  if (kept) {
    const { until } = JSON.parse(kept), today = new Date().toISOString().slice(0, 10);
    part("keep").checked = true;
    take(until && until < today ? null : JSON.parse(kept));
    if (!key) say("bad", `The key that was kept here ended on ${until}. Make a new one.`);
  }
  const act = (name, does) => part(name).addEventListener("click", async () => {
    say("", "");
    part(name).disabled = true;
    try { await does(); } catch (error) { say("bad", error.message); }
    part(name).disabled = false;
  });
  act("make", async () => take(await newcomer()));
  act("forget", async () => take(null));
  act("use", async () => {
    const pkcs8 = part("own-key").value.replace(/-----.*?-----|\s/g, "");
    try { await privateKey(pkcs8); } catch { throw new Error("This is no private key of Ed25519 in PEM."); }
    if (!part("own-id").value.trim()) throw new Error("Give the id of the key, too.");
    take({ pkcs8, key_id: part("own-id").value.trim() });
    part("own-key").value = "";
  });
  act("save", async () => {
    const file = URL.createObjectURL(new Blob([pem(key.pkcs8)], { type: "application/x-pem-file" }));
    make("a", "", { href: file, download: "my-key.pem" }).click();
    setTimeout(() => URL.revokeObjectURL(file), 1000);
  });
  part("keep").addEventListener("change", () => take(key));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    part("result").hidden = true;
    say("", "");
    if (!key) {
      say("bad", "Make a key first.");
      return;
    }
    part("send").disabled = true;
    try {
      await send(form, key, method, base + path, path);
    } catch (error) {
      say("bad", `Not sent: ${error.message}`);
    }
    part("send").disabled = false;
  });
}

async function send(form, key, method, target, path) {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const body = part("body").value;
  const request = { method, target, ...await signed(key, method, target, body) };
  part("signed").textContent = request.base;
  part("sent").textContent = `${method} ${path} HTTP/1.1\nHost: ${new URL(target).host}\n` +
    `${lines(request.headers)}\n\n${body}`;
  const answer = await fetch(path, { method, headers: request.headers, body });
  const bytes = await answer.arrayBuffer();
  const wrong = await doubt(answer, bytes, request);
  const text = new TextDecoder().decode(bytes);
  part("answer").textContent = `HTTP/1.1 ${answer.status}\n` +
    `${lines(Object.fromEntries(answer.headers))}\n\n${pretty(text)}`;
  part("refusal").replaceChildren(...(answer.ok ? [] : refusal(answer, text)));
  part("refusal").hidden = !part("refusal").childElementCount;
  part("proof").className = wrong ? "fault" : "muted";
  part("proof").textContent = wrong
    ? `HTTP ${answer.status}. Not proven: ${wrong}.`
    : `HTTP ${answer.status}. Proven: Mirab's signature covers this answer and your question.`;
  part("result").hidden = false;
  part("result").scrollIntoView({ block: "start" });
}

for (const form of all("form[data-trial]")) trial(form);
