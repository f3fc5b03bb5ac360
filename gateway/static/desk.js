// Makes the desk quicker and is needed for nothing: keys, live counts, selection, who is calling.
"use strict";

const all = (selector) => [...document.querySelectorAll(selector)];

// --- keys: /desk/keys has the sheet of them and the switch that turns them off (WCAG 2.1.4) ---
const typing = (element) => element.isContentEditable
  || ["TEXTAREA", "SELECT"].includes(element.tagName)
  || (element.tagName === "INPUT" && !["checkbox", "radio", "button", "submit"].includes(element.type));
const shown = (element) => element.checkVisibility ? element.checkVisibility() : true;

function move(step) {
  const rows = all("[data-row]").filter(shown);
  const at = rows.findIndex((row) => row.closest("tr").contains(document.activeElement));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
  if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
}

const own = (selector) => document.activeElement.closest("tr")?.querySelector(selector);

async function help() {
  const dialog = document.getElementById("keys") || document.createElement("dialog");
  if (dialog.open) return;
  if (!dialog.id) {
    dialog.id = "keys";
    dialog.setAttribute("aria-label", "کلیدها");
    const answer = await fetch("/desk/keys");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const sheet = page.getElementById("keys-sheet");
    if (!answer.ok || !sheet) { location.href = "/desk/keys"; return; }
    const close = document.createElement("form");
    close.method = "dialog";
    close.innerHTML = '<button autofocus>بستن</button> <a href="/desk/keys">روشن و خاموش کردن کلیدها</a>';
    dialog.append(sheet, close);
    document.body.append(dialog);
  }
  dialog.showModal();
}

const KEYS = {
  KeyJ: () => move(1),
  KeyK: () => move(-1),
  KeyO: () => own("[data-row]")?.click(),
  KeyX: () => own("input[type=checkbox]")?.click(),
  Slash: () => document.querySelector('[data-key="/"]')?.focus(),
};
// A letter presses what the page has marked with it: data-key="n".
const LETTERS = { KeyT: "t", KeyN: "n", KeyA: "a", KeyR: "r", KeyM: "m", KeyB: "b",
  KeyG: "g", KeyS: "s", KeyP: "p" };

function press(letter) {
  const target = document.querySelector(`[data-key="${letter}"]`);
  if (!target) return;
  if (target.tagName === "SUMMARY") {
    target.parentElement.open = true;
    (target.parentElement.querySelector("select,textarea,input:not([type=hidden])") || target).focus();
  } else if (target.tagName === "TEXTAREA") {
    target.focus();
  } else {
    target.click();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (document.cookie.split("; ").includes("mirab_keys=off")) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const act = event.key === "?" || event.key === "؟" ? help
    : event.shiftKey ? null
      : KEYS[event.code] || (LETTERS[event.code] && (() => press(LETTERS[event.code])));
  if (act) { event.preventDefault(); act(); }
});

// Where an act is shown before it is done, Ctrl+Enter is its button: pressed anew, and for nothing
// that cannot be taken back.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
  const button = document.querySelector("form.looked button[name=looked]:not(.danger, :disabled)");
  if (button) { event.preventDefault(); button.form.requestSubmit(button); }
});

// --- selection ---
const boxes = all('input[type=checkbox][name="selected"]');
if (boxes.length) {
  const every = document.getElementById("all"), words = document.querySelector("[data-selected]");
  const plain = words.textContent;
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    words.textContent = chosen ? `با ${chosen} ${words.dataset.selected || "پرونده"}:` : plain;
    every.checked = chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
    for (const box of boxes) box.closest("tr").classList.toggle("chosen", box.checked);
  };
  every.closest("[data-all]").hidden = false;
  every.addEventListener("change", () => { for (const box of boxes) box.checked = every.checked; count(); });
  for (const box of boxes) box.addEventListener("change", count);
  count();
}

// --- live counts: one small question in half a minute, fewer while nothing comes or nobody looks ---
const live = document.querySelector("[data-live]");
if (live) {
  const LEAST = 30_000, MOST = 240_000;
  let wait = LEAST, tag = "", timer = 0;
  const show = (mark) => {
    for (const place of all("[data-count]")) {
      const number = mark.counts[place.dataset.count];
      if (number !== undefined) place.textContent = number;
    }
    live.hidden = !mark.fresh;
    if (!mark.fresh) return;
    const link = document.createElement("a");
    link.href = live.dataset.here;
    link.textContent = `${mark.fresh} تازه؛ نمایش`;
    live.replaceChildren(link);
  };
  const ask = async () => {
    try {
      const answer = await fetch(live.dataset.live, {
        headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", redirect: "error" });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") || "";
        show(await answer.json());
        wait = LEAST;
      } else if (answer.status === 304) {
        wait = Math.min(wait * 2, MOST);
      } else {
        return; // signed out, or refused: asking again would not help
      }
    } catch {
      wait = Math.min(wait * 2, MOST);
    }
    timer = setTimeout(ask, wait);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, 1000);
  });
  timer = setTimeout(ask, LEAST);
}

// --- who is calling ---
const mobile = document.querySelector("[data-earlier]");
if (mobile) {
  let last = "", timer = 0;
  const look = async () => {
    const number = mobile.value.trim();
    if (number === last || number.replace(/[^0-9۰-۹٠-٩]/g, "").length < 10) return;
    last = number;
    const answer = await fetch(mobile.dataset.earlier, {
      method: "POST", body: new URLSearchParams({ mobile: number }), redirect: "error" });
    if (answer.ok) document.getElementById("earlier").innerHTML = await answer.text();
  };
  mobile.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(() => {}), 400);
  });
}

// --- what was taken along: it ends with the session, and what was typed there waits to be sent ---
if (self.Along && isSecureContext && "serviceWorker" in navigator) {
  navigator.serviceWorker.register("/desk/worker.js", { scope: "/desk", updateViaCache: "none" }).catch(() => {});
  Along.meet().then(async () => {
    const count = await Along.unsent(), line = document.querySelector("[data-along]");
    if (!count || !line) return;
    line.hidden = false;
    line.firstElementChild.textContent = `${count} نوشته در این دستگاه مانده و فرستاده نشده است؛ دیدن و فرستادن`;
  }).catch(() => {}); // a browser that keeps nothing has nothing that ends
  // Who signs out leaves nobody's data here; what was not sent stays sealed.
  let nothing = false;
  Along.tend().then((about) => { nothing = !about; }, () => { nothing = true; });
  for (const form of all('form[action="/desk/sign-out"]')) {
    form.addEventListener("submit", async (event) => {
      if (nothing) return;
      event.preventDefault();
      try {
        await Along.eraseTickets();
        if (await Along.unsent()) {
          const field = document.createElement("input");
          Object.assign(field, { type: "hidden", name: "unsent", value: "1" });
          form.append(field);
        }
      } catch { /* then the answer has the browser forget all */ }
      form.submit();
    });
  }
}

// --- where a row of places is wider than the telephone, it shows the one where one is ---
for (const here of all(".desk-nav [aria-current], .tabs [aria-current]")) {
  const row = here.closest("ul"), of = here.getBoundingClientRect(), whole = row.getBoundingClientRect();
  row.scrollLeft += (of.left + of.right - whole.left - whole.right) / 2;
}
