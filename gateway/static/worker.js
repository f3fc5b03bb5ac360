// The worker of the desk. It keeps the style, the fonts, two scripts and one page, which says that
// there is no connection; no other page of the desk is ever kept here. KEPT stands above: the name of
// this version, and its files.
"use strict";

importScripts(KEPT.along);

// What is typed at these is never shown again.
const DOORS = /^\/desk\/(sign-in|sign-out|kept|second-factor|account|oidc)(\/|$)/;

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(begin()));

async function keep() {
  const cache = await caches.open(KEPT.name);
  await Promise.all([KEPT.page, ...KEPT.files].map(async (address) => {
    // As for a stranger: a page of a session, or where it leads without one, is not what is kept.
    const answer = await fetch(address, { cache: "no-cache", credentials: "omit", redirect: "error" });
    if (!answer.ok || answer.redirected) throw new Error(`${address}: ${answer.status}`);
    await cache.put(address, answer);
  }));
  await skipWaiting();
}

async function begin() {
  for (const name of await caches.keys()) {
    if (name.startsWith("mirab-desk-") && name !== KEPT.name) await caches.delete(name);
  }
  await clients.claim();
  await Along.tend().catch(() => {});
}

addEventListener("fetch", (event) => {
  const { request } = event, address = new URL(request.url);
  if (address.origin !== location.origin) return;
  if (request.mode === "navigate") {
    event.waitUntil(Along.tend().catch(() => {}));
    event.respondWith(navigated(request, address));
  } else if (request.method === "GET" && KEPT.files.includes(address.pathname + address.search)) {
    event.respondWith(kept(address.pathname + address.search).then((file) => file || fetch(request)));
  }
});

const kept = async (address) => (await caches.open(KEPT.name)).match(address);

async function navigated(request, address) {
  const sent = request.method === "POST" && !DOORS.test(address.pathname) ? request.clone() : null;
  try {
    return await fetch(request);
  } catch (error) {
    const page = await kept(KEPT.page);
    if (!page) throw error;
    return request.method === "POST" ? withTyped(page, sent, address) : page;
  }
}

// A form that did not arrive comes back with the page, to be sent again under its own id: what was
// typed is in this answer alone, which nobody keeps.
async function withTyped(page, sent, address) {
  const fields = sent ? [...await sent.formData().catch(() => [])] : [];
  const texts = fields.filter(([, value]) => typeof value === "string" && value);
  const files = fields.some(([, value]) => typeof value !== "string" && value.size);
  const shown = sent ? form(texts, files, address) : "<p>چیزی فرستاده نشد. با ارتباط دوباره وارد شوید.</p>";
  const headers = new Headers({ "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" });
  for (const name of ["Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"]) {
    if (page.headers.has(name)) headers.set(name, page.headers.get(name));
  }
  const body = (await page.text()).replace("<!--typed-->", () => shown);
  return new Response(body, { status: 503, headers });
}

function form(texts, files, address) {
  const prose = ([name, value]) => name !== "form"
    && (name === "text" || value.includes("\n") || value.includes(" ") || value.length > 40);
  const hidden = texts.filter((field) => !prose(field)).map(
    ([name, value]) => `<input type="hidden" name="${plain(name)}" value="${plain(value)}">`);
  const boxes = texts.filter(prose).map(([name, value], n) => `<div class="field"><label for="sent-${n}">نوشته شما</label>`
    + `<textarea id="sent-${n}" name="${plain(name)}" rows="6">\n${plain(value)}</textarea></div>`);
  const lost = files ? "<p>پیوست‌ها را باید در صفحه پرونده دوباره انتخاب کنید.</p>" : "";
  return `<section class="callout warn" aria-labelledby="sent-h"><div><h2 id="sent-h">آنچه می‌فرستادید نرسید</h2>`
    + `<p>نوشته شما در همین صفحه است. این صفحه را نبندید؛ با ارتباط، دکمه زیر را بزنید. اگر رسیده باشد دوباره انجام نمی‌شود.</p>${lost}`
    + `<form action="${plain(address.pathname)}" method="post">${hidden.join("")}${boxes.join("")}<button>دوباره بفرست</button></form></div></section>`;
}

const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const plain = (value) => value.replace(/[&<>"']/g, (sign) => SIGNS[sign]);
