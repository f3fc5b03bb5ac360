/* Proves a receipt in this browser alone: nothing is sent anywhere. The rules are those of
   bus/evidence; what differs from its form by one byte is refused. */
"use strict";

class Fault extends Error {
  constructor(code) { super(code); this.code = code; }
}

const need = (good, code = "unreadable") => { if (!good) throw new Fault(code); };
const utf8 = (text) => new TextEncoder().encode(text);
const digest = async (name, bytes) => new Uint8Array(await crypto.subtle.digest(name, bytes));
const sha256 = (bytes) => digest("SHA-256", bytes);
const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => { whole.set(part, at); return at + part.length; }, 0);
  return whole;
};
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const base64url = (bytes) => base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function fromBase64(text) {
  need(typeof text === "string");
  try {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    need(bytes.length && btoa(String.fromCharCode(...bytes)) === text);
    return bytes;
  } catch { throw new Fault("unreadable"); }
}

/* Ed25519 (RFC 8032, section 5.1.7), for browsers whose WebCrypto has none. */
const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a, m = P) => ((a % m) + m) % m;
function power(base, exponent) {
  let result = 1n;
  for (base = mod(base); exponent; exponent >>= 1n, base = mod(base * base))
    if (exponent & 1n) result = mod(result * base);
  return result;
}
const D = mod(-121665n * power(121666n, P - 2n)), ROOT = power(2n, (P - 1n) / 4n);
const little = (bytes) => BigInt("0x" + hex(Uint8Array.from(bytes).reverse()));
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
function times(point, scalar) {
  let sum = [0n, 1n, 1n, 0n];
  for (; scalar; scalar >>= 1n, point = add(point, point)) if (scalar & 1n) sum = add(sum, point);
  return sum;
}
function toPoint(bytes) {
  const sign = bytes[31] >> 7, y = little(bytes) & (2n ** 255n - 1n);
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) === mod(-u)) x = mod(x * ROOT);
  if (y >= P || mod(v * x * x) !== u || (x === 0n && sign)) return null;
  if (Number(x & 1n) !== sign) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
}
function fromPoint([x, y, z]) {
  const inverse = power(z, P - 2n), number = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, (_, at) => Number((number >> BigInt(8 * at)) & 255n));
}
async function signedByHand(key, signature, text) {
  const point = toPoint(key), s = little(signature.subarray(32));
  if (!point || s >= L) return false;
  const k = mod(little(await digest("SHA-512", joined(signature.subarray(0, 32), key, text))), L);
  const base = toPoint(joined(Uint8Array.of(0x58), new Uint8Array(31).fill(0x66)));
  const minus = [mod(-point[0]), point[1], point[2], mod(-point[3])];
  return same(fromPoint(add(times(base, s), times(minus, k))), signature.subarray(0, 32));
}
async function isSigned(key, signature, text) {
  if (signature.length !== 64) return false;
  try {
    const ready = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", ready, signature, text);
  } catch {
    return signedByHand(key, signature, text);
  }
}

/* Notes, checkpoints and keys (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature). */
const SIZE = /^(0|[1-9][0-9]{0,18})$/, WITNESS = 4;

async function toKey(line) {
  const parts = /^([^\s+]{1,255})\+([0-9a-f]{8})\+(.+)$/u.exec(line);
  need(parts, "keys");
  let raw;
  try { raw = fromBase64(parts[3]); } catch { throw new Fault("keys"); }
  const [kind, key] = [raw[0], raw.subarray(1)];
  need((kind === 1 || kind === WITNESS) && key.length === 32, "keys");
  const id = hex((await sha256(joined(utf8(parts[1] + "\n"), raw))).subarray(0, 4));
  need(id === parts[2], "keys");
  return { name: parts[1], kind, key, id };
}

async function readKeys(text) {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = await Promise.all(lines.filter((line) => line && line[0] !== "#").map(toKey));
  need(keys.some((key) => key.kind === 1), "keys");
  return keys;
}

function readNote(whole) {
  need(whole.length <= 65536 && !/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(whole) && whole.endsWith("\n"));
  const cut = whole.lastIndexOf("\n\n");
  need(cut >= 0);
  const lines = whole.slice(cut + 2, -1).split("\n");
  need(lines.length <= 64);
  const signatures = lines.map((line) => {
    const parts = /^— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
    need(parts);
    const raw = fromBase64(parts[2]);
    need(raw.length > 4);
    return { name: parts[1], id: hex(raw.subarray(0, 4)), raw: raw.subarray(4) };
  });
  const text = whole.slice(0, cut + 1), body = text.slice(0, -1).split("\n");
  const [origin, size, root] = body;
  need(body.length >= 3 && body.every(Boolean) && SIZE.test(size) && BigInt(size) < 2n ** 63n);
  const hash = fromBase64(root);
  need(hash.length === 32);
  return { text, signatures, origin, size: BigInt(size), root: hash };
}

async function openHead(whole, keys) {
  const note = readNote(whole), witnesses = {};
  let signed = false;
  for (const { name, id, raw } of note.signatures) {
    for (const key of keys.filter((one) => one.name === name && one.id === id)) {
      let text = note.text, signature = raw;
      if (key.kind === WITNESS) {
        need(raw.length === 72, "forged");
        const at = new DataView(raw.buffer, raw.byteOffset, 8).getBigUint64(0);
        text = `cosignature/v1\ntime ${at}\n${text}`;
        signature = raw.subarray(8);
        witnesses[name] = at;
      }
      need(await isSigned(key.key, signature, utf8(text)), "forged");
      signed = signed || (key.kind === 1 && name === note.origin);
    }
  }
  need(signed, "unknown_log");
  return { ...note, witnesses };
}

/* The tree (RFC 9162, section 2.1.3.2). */
const nodeHash = (left, right) => sha256(joined(Uint8Array.of(1), left, right));

async function rootOf(leaf, index, size, proof) {
  need(index < size, "not_included");
  let place = index, last = size - 1n, root = leaf;
  for (const hash of proof) {
    need(last > 0n, "not_included");
    if (place & 1n || place === last) {
      root = await nodeHash(hash, root);
      while (place > 0n && !(place & 1n)) { place >>= 1n; last >>= 1n; }
    } else root = await nodeHash(root, hash);
    place >>= 1n; last >>= 1n;
  }
  need(last === 0n, "not_included");
  return root;
}

/* Leaves and receipts. */
const MEMBERS = ["answer", "at", "call", "code", "contract", "log", "outcome", "request", "terms", "v"];
const PARTS = ["request", "answer", "terms"], NO_CODE = ["answered", "accepted", "asked"];
const NEEDED = ["v", "leaf", "salts", "terms", "index", "size", "proof", "checkpoint"];
const ALLOWED = [...NEEDED, "request", "answer", "stamp"];
const isText = (value) => typeof value === "string" && !/\p{Surrogate}/u.test(value);
const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function readJson(text) {
  try { return JSON.parse(text); } catch { throw new Fault("unreadable"); }
}

function readLeaf(text) {
  need(isText(text) && text.length <= 4096);
  const leaf = readJson(text);
  need(isPlain(leaf) && leaf.v === 1 && JSON.stringify(leaf, MEMBERS) === text);
  need(MEMBERS.every((name) => name === "v" || isText(leaf[name])));
  need(["answered", "accepted", "asked", "refused", "failed"].includes(leaf.outcome));
  need(NO_CODE.includes(leaf.outcome) === !leaf.code);
  need(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(leaf.at) && !isNaN(Date.parse(leaf.at)));
  need(/^[!-*,-~]{1,255}$/.test(leaf.log) && /^[A-Za-z0-9_.:-]{1,128}$/.test(leaf.call));
  need([leaf.contract, leaf.code].every((word) => /^[A-Za-z0-9_.:/-]{0,128}$/.test(word)));
  return leaf;
}

function readReceipt(text) {
  const receipt = readJson(text);
  need(isPlain(receipt) && receipt.v === 1 && NEEDED.every((name) => name in receipt));
  need(Object.keys(receipt).every((name) => ALLOWED.includes(name)));
  need([...PARTS, "checkpoint"].every((name) => !(name in receipt) || isText(receipt[name])));
  need([receipt.index, receipt.size].every((n) => Number.isSafeInteger(n) && n >= 0));
  need(isPlain(receipt.salts) && Object.keys(receipt.salts).length === PARTS.length);
  const salts = PARTS.map((part) => receipt.salts[part]);
  need(salts.every((salt) => typeof salt === "string" && /^[A-Za-z0-9_-]{43}$/.test(salt)));
  need(Array.isArray(receipt.proof) && receipt.proof.length <= 63);
  const proof = receipt.proof.map(fromBase64);
  need(proof.every((hash) => hash.length === 32));
  return { ...receipt, leaf: readLeaf(receipt.leaf), leafText: receipt.leaf, proof };
}

function saltOf(receipt, part) {
  const text = receipt.salts[part].replace(/-/g, "+").replace(/_/g, "/") + "=";
  return fromBase64(text);
}

function readTerms(text) {
  const terms = readJson(text);
  need(isPlain(terms) && Object.values(terms).every((value) => isText(value)));
  return terms;
}

/* What a receipt proves on the word of these keys (lines NAME+ID+KEY). ``beside`` has the bytes of
   request and answer that the receipt does not hold. Throws a Fault whose code names the check. */
async function prove(text, keys, beside = {}) {
  const receipt = readReceipt(text), { leaf } = receipt;
  const head = await openHead(receipt.checkpoint, await readKeys(keys));
  need(head.origin === leaf.log, "other_log");
  need(head.size === BigInt(receipt.size), "other_checkpoint");
  const leafHash = await sha256(joined(Uint8Array.of(0), utf8(receipt.leafText)));
  const root = await rootOf(leafHash, BigInt(receipt.index), head.size, receipt.proof);
  need(same(root, head.root), "not_included");
  /* All that is shown of a part has to be it: in the receipt, beside it, and of a refusal its code. */
  const shown = PARTS.filter((part) => part in receipt).map((part) => [part, utf8(receipt[part])]);
  shown.push(...Object.entries(beside));
  if (!NO_CODE.includes(leaf.outcome)) shown.push(["answer", utf8(leaf.code)]);
  for (const [part, content] of shown) {
    const inner = await sha256(content), name = utf8(part + "\0");
    const hash = await sha256(joined(saltOf(receipt, part), name, inner));
    need(base64url(hash) === leaf[part], `other_${part}`);
  }
  return {
    leaf, index: receipt.index, size: receipt.size, terms: readTerms(receipt.terms),
    opened: shown.map(([part]) => part), witnesses: head.witnesses, stamp: "stamp" in receipt,
    shown: receipt.answer,
  };
}

/* Unix seconds as a text; such as no calendar has, which a witness may sign, stay numbers. */
function moment(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return isNaN(date) ? `second ${seconds}` : date.toISOString();
}

/* The page. */
function page(form) {
  const texts = {};
  for (const item of document.getElementById("receipt-texts").content.children)
    texts[item.dataset.name] = item.textContent;
  const say = (name, values = {}) =>
    Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), texts[name]);
  const result = document.getElementById("receipt-result");
  const bytesOf = async (name) => {
    const file = form.elements[name].files[0];
    return file && new Uint8Array(await file.arrayBuffer());
  };
  const list = (name, lines) => {
    const title = document.createElement("h2"), items = document.createElement("ul");
    title.textContent = say(name);
    for (const line of lines) items.append(Object.assign(document.createElement("li"), { textContent: line }));
    return [title, items];
  };
  const show = (kind, title, ...parts) => {
    const box = document.getElementById(`receipt-${kind}`).content.firstElementChild.cloneNode(true);
    box.querySelector(".callout-title").textContent = title;
    box.lastElementChild.append(...parts);
    result.replaceChildren(box);
    result.focus();
  };
  const spoken = (proven, spent) => {
    const { leaf, terms } = proven, open = [];
    const sure = [
      say(`outcome_${leaf.outcome}`, { at: leaf.at, contract: leaf.contract, call: leaf.call, code: leaf.code }),
      say("terms", { agency: terms.agency || "–", purpose: terms.purpose || "–", grant: terms.grant || "–" }),
      ...(terms.behalf ? [say("behalf", { behalf: terms.behalf })] : []),
      say("place", { index: proven.index, size: proven.size, log: leaf.log }),
    ];
    for (const part of ["request", "answer"])
      if (proven.opened.includes(part) && (part === "request" || NO_CODE.includes(leaf.outcome))) sure.push(say(`${part}_opened`));
      else if (!proven.opened.includes(part)) open.push(say(`${part}_closed`));
    for (const [name, at] of Object.entries(proven.witnesses))
      sure.push(say("witness", { name, at: moment(at) }));
    if (!Object.keys(proven.witnesses).length) open.push(say("no_witness"));
    open.push(say(proven.stamp ? "stamp" : "no_stamp"), say("truth"));
    const parts = [...list("proven", sure), ...list("unproven", open)];
    if (proven.shown) {
      const content = document.createElement("pre");
      content.textContent = proven.shown;
      content.dir = "auto";
      content.tabIndex = 0;
      parts.push(Object.assign(document.createElement("h2"), { textContent: say("content") }), content);
    }
    show("good", say("good", { ms: Math.max(1, Math.round(spent)) }), ...parts);
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      need(crypto.subtle, "insecure");
      const [receipt, request, answer] = await Promise.all(["receipt", "request", "answer"].map(bytesOf));
      need(receipt, "missing");
      const began = performance.now();
      let text;
      try { text = new TextDecoder("utf-8", { fatal: true }).decode(receipt); } catch { need(false); }
      const beside = Object.fromEntries(Object.entries({ request, answer }).filter(([, bytes]) => bytes));
      const proven = await prove(text, form.elements.keys.value, beside);
      spoken(proven, performance.now() - began);
    } catch (error) {
      const code = error instanceof Fault ? error.code : "unreadable";
      show("bad", say("bad"), Object.assign(document.createElement("p"), { textContent: say(`fault_${code}`) }));
    }
  });
  form.querySelector("button").disabled = false;
}

const form = document.getElementById("receipt-form");
if (form) page(form);
globalThis.mirabReceipts = { prove, signedByHand };
