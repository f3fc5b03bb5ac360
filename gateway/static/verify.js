/* Verifies the proof that stands behind "#" in the address, in this browser: it is sent nowhere.
   It reads as strictly as bus/signatures/sd_jwt.py does. Without a script the form does the same. */
"use strict";

const KIND = "mirab-answer+sd-jwt", SKEW = 60;
const RESERVED = ["iss", "iat", "nbf", "exp", "aud", "cnf", "status", "_sd", "_sd_alg", "..."];

class Fault extends Error {}

function bytes(part) {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) throw new Fault("unreadable");
  const raw = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
  const back = btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  if (back !== part) throw new Fault("unreadable");
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

function json(part) {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(part)));
}

function isNested(value) {
  if (Array.isArray(value)) return value.some(isNested);
  if (value === null || typeof value !== "object") return false;
  return "_sd" in value || "..." in value || Object.values(value).some(isNested);
}

async function digest(text) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function isSigned(jwk, signature, text) {
  const key = await crypto.subtle.importKey(
    "jwk", { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(text));
}

async function opened(claims, disclosures) {
  const digests = claims._sd === undefined ? [] : claims._sd;
  if (!Array.isArray(digests) || new Set(digests).size < digests.length) throw new Fault("unreadable");
  if ((claims._sd_alg || "sha-256") !== "sha-256") throw new Fault("kind");
  const left = new Set(digests), fields = new Map();
  for (const [name, value] of Object.entries(claims)) {
    if (RESERVED.includes(name)) continue;
    if (isNested(value)) throw new Fault("unreadable");
    fields.set(name, value);
  }
  for (const text of disclosures) {
    const [salt, name, value, ...more] = json(text);
    if (typeof salt !== "string" || typeof name !== "string" || value === undefined || more.length) {
      throw new Fault("unreadable");
    }
    if (RESERVED.includes(name) || isNested(value)) throw new Fault("unreadable");
    if (!left.delete(await digest(text)) || fields.has(name)) throw new Fault("field_added");
    fields.set(name, value);
  }
  return fields;
}

async function verified(text, keys) {
  const [signed, ...rest] = text.split("~");
  const parts = signed.split(".");
  // A key binding is for whoever asked for it by a nonce; the form verifies it.
  if (!rest.length || parts.length !== 3) throw new Fault("unreadable");
  if (rest.pop() !== "") throw new Fault("bound");
  const header = json(parts[0]), claims = json(parts[1]);
  if (header.alg !== "EdDSA" || header.typ !== KIND || "crit" in header || "b64" in header) {
    throw new Fault("kind");
  }
  const jwk = keys.find((key) => key.kid === header.kid && key.crv === "Ed25519");
  if (!jwk) throw new Fault("key_unknown");
  if (!await isSigned(jwk, bytes(parts[2]), `${parts[0]}.${parts[1]}`)) throw new Fault("forged");
  const now = Date.now() / 1000;
  if (typeof claims.iat !== "number" || typeof claims.iss !== "string") throw new Fault("unreadable");
  if (jwk.exp !== undefined && claims.iat > jwk.exp) throw new Fault("key_ended");
  if (Math.max(claims.iat, claims.nbf || 0) > now + SKEW) throw new Fault("not_yet");
  if (claims.exp !== undefined && claims.exp <= now) throw new Fault("expired");
  return { fields: await opened(claims, rest), claims, kid: header.kid };
}

// A day or a moment as the portal writes it: by the Jalali calendar, in the page's own names of months.
function dated(value, texts) {
  const hasHour = value.length > 10, timeZone = hasHour ? "Asia/Tehran" : "UTC";
  if (!texts.months) {
    const style = hasHour ? { dateStyle: "long", timeStyle: "short" } : { dateStyle: "long" };
    return new Intl.DateTimeFormat("en-GB", { ...style, timeZone }).format(new Date(value));
  }
  const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat("en-u-ca-persian-nu-latn", { ...numeric, hourCycle: "h23", timeZone });
  const part = Object.fromEntries(format.formatToParts(new Date(value)).map((p) => [p.type, p.value]));
  const date = `${part.day} ${texts.months[part.month - 1]} ${part.year}`;
  return hasHour
    ? texts.moment.replace("{date}", date).replace("{hour}", `${part.hour}:${part.minute}`)
    : date;
}

function written(name, value, texts) {
  if (name === "status.group" && texts.groups[value]) return texts.groups[value];
  if (name === "status.code" && texts.means[value]) return `${texts.means[value]} (${value})`;
  if (value === null) return texts.none;
  if (value === true) return texts.yes;
  if (value === false) return texts.no;
  if (typeof value === "string" && /^\d{4}-\d\d-\d\d(T[\d:]+Z)?$/.test(value)) {
    return dated(value, texts);
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

function line(list, label, value) {
  const name = document.createElement("dt"), what = document.createElement("dd");
  const isolated = document.createElement("bdi");
  name.textContent = label;
  isolated.textContent = value;
  // Codes keep their Latin digits.
  if (/^[\x21-\x7e]+$/.test(value)) Object.assign(isolated, { className: "latin", dir: "ltr" });
  what.append(isolated);
  list.append(name, what);
}

function show(region, kind, title) {
  const heading = document.createElement("h1"), card = document.createElement("div");
  heading.textContent = title;
  card.className = `card ${kind}`;
  region.replaceChildren(heading, card);
  region.hidden = false;
  region.focus();
  return card;
}

async function run(region) {
  for (const name of ["local", "local-limits", "local-undecided", "local-unable"]) {
    document.getElementById(name).hidden = true;
  }
  const proof = location.hash.slice(1), texts = JSON.parse(region.dataset.texts);
  if (proof.length < 20) return;
  document.getElementById("proof").value = proof;
  const unable = () => { document.getElementById("local-unable").hidden = false; };
  let keys;
  try {
    keys = (await (await fetch(region.dataset.keys)).json()).keys;
    await isSigned(keys[0], new Uint8Array(64), "");
  } catch {
    unable(); // no such keys now, or a browser that has not learned Ed25519 yet
    return;
  }
  try {
    const { fields, claims, kid } = await verified(proof, keys);
    const card = show(region, "good", region.dataset.title), list = document.createElement("dl");
    const order = Object.keys(texts.fields), place = (name) => (order.indexOf(name) + 1) || 999;
    for (const [name, value] of [...fields].sort(([a], [b]) => place(a) - place(b))) {
      line(list, texts.fields[name] || name, written(name, value, texts));
    }
    line(list, texts.by, claims.iss);
    const day = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Tehran" }).format(claims.iat * 1000);
    line(list, texts.on, written("", day, texts));
    line(list, texts.key, kid);
    card.append(list);
    document.getElementById("local-limits").hidden = false;
    document.getElementById("local-undecided").hidden =
      fields.get("status.group") !== "NOT_DETERMINABLE" && fields.get("status.code") !== "NOT_DETERMINABLE";
  } catch (fault) {
    if (fault instanceof Fault && fault.message === "bound") { unable(); return; }
    const name = fault instanceof Fault ? fault.message : "unreadable";
    const text = document.createElement("p");
    text.textContent = texts.faults[name];
    show(region, "bad", region.dataset.bad).append(text);
  }
}

const region = document.getElementById("local");
if (region) {
  run(region);
  window.addEventListener("hashchange", () => run(region));
}
