// The ticket's page: keeps drafts while one types, puts prepared texts into the box at once, opens
// an act from the bar of a telephone, leafs through photos by keys. Every part works without it.
"use strict";

const SAVE_AFTER = 3000;
// Of all that a page may still send while it goes, browsers take 64 KiB.
const MOST_KEPT_ALIVE = 60_000;

function keepDrafts(form) {
  const box = form.elements.text;
  const state = form.querySelector("[data-draft-state]");
  if (!box || !state) return;
  let timer = 0, saved = box.value, asked = saved, sending = null, ended = false;
  const save = async () => {
    const text = box.value;
    if (ended || text === saved || (sending && text === asked)) return;
    sending = new AbortController();
    asked = text;
    const body = new URLSearchParams({ act: form.elements.act.value, form: form.elements.form.value, text });
    // Who leaves the page right after a word does not lose it: browsers finish what is small enough.
    const keepalive = String(body).length < MOST_KEPT_ALIVE;
    try {
      const reply = await fetch(form.dataset.draft, { method: "POST", body, redirect: "manual", keepalive, signal: sending.signal });
      if (reply.status === 204) saved = text;
      state.textContent = reply.status === 204 ? state.dataset.saved : state.dataset.failed;
    } catch (error) {
      if (error.name !== "AbortError") state.textContent = state.dataset.failed;
    }
    sending = null;
  };
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER);
  });
  form.addEventListener("submit", () => {
    ended = true;
    clearTimeout(timer);
    if (sending) sending.abort();
  });
  addEventListener("pagehide", () => { clearTimeout(timer); save(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
}

function fillAtOnce(form) {
  for (const button of form.querySelectorAll("button[data-text]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      const box = form.elements.text;
      box.value = `${box.value.trim()}\n\n${button.dataset.text}`.trim();
      box.rows = 8;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    });
  }
}

// Ctrl+Enter in the box of an act is its first button; of a reminder that of the day that was typed.
addEventListener("keydown", (event) => {
  const form = event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("details.act form");
  const button = form && (form.querySelector(".buttons button:not([name=in])") || form.querySelector("button.default"));
  if (button) { event.preventDefault(); form.requestSubmit(button); }
});

for (const form of document.querySelectorAll("form[data-draft]")) {
  keepDrafts(form);
  fillAtOnce(form);
}

// What one marks in the citizen's text goes into the field of the phrase to be hidden.
const markable = document.querySelector("[data-markable]"), phrase = document.getElementById("blank-phrase");
if (markable && phrase) {
  let marked = "";
  document.addEventListener("selectionchange", () => {
    const selection = getSelection(), text = String(selection).trim();
    if (text && selection.anchorNode && markable.contains(selection.anchorNode)) marked = text;
  });
  document.getElementById("blank").addEventListener("toggle", () => {
    if (marked && !phrase.value) phrase.value = marked;
  });
}

for (const link of document.querySelectorAll("a[data-opens]")) {
  link.addEventListener("click", (event) => {
    const act = document.getElementById(link.dataset.opens);
    if (!act) return;
    event.preventDefault();
    act.open = true;
    act.scrollIntoView({ block: "start" });
    const field = act.querySelector("textarea, select, input:not([type=hidden]), button:not(.default)");
    if (field) field.focus({ preventScroll: true });
  });
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
  // The page runs from right to left: the next photo lies on the left.
  const way = { ArrowLeft: "next", ArrowRight: "prev", Escape: "up" }[event.key];
  const link = way && document.querySelector(`a[data-leaf=${way}]`);
  if (link) location.assign(link.href);
});
