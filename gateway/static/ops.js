// Keeps the board of operators fresh; without it the page asks for itself anew each half minute.
"use strict";

const board = document.getElementById("board");
if (board) {
  const EVERY = 5_000, STALE = 20_000;
  const looked = document.getElementById("looked");
  const hour = new Intl.DateTimeFormat("fa-IR", {
    timeZone: "Asia/Tehran", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  let tag = "", timer = 0, last = Date.now();

  // What somebody has opened stays open, and who reads with the keyboard keeps the place.
  const put = (html) => {
    const states = new Map([...board.querySelectorAll("details[id]")].map((d) => [d.id, d.open]));
    const focused = document.activeElement.closest("details[id]")?.id;
    board.innerHTML = html;
    for (const [id, open] of states) {
      const details = document.getElementById(id);
      if (details) details.open = open;
    }
    if (focused) document.getElementById(focused)?.querySelector("summary").focus();
    document.title = document.getElementById("verdict").textContent;
  };
  const ask = async () => {
    try {
      const answer = await fetch(board.dataset.now, {
        headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", redirect: "error" });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") || "";
        put(await answer.text());
      }
      if (answer.ok || answer.status === 304) {
        last = Date.now();
        looked.textContent = hour.format(last);
        looked.classList.remove("flag");
      } else if (answer.status === 401) {
        location.href = "/sign-in";
        return;
      }
    } catch {
      // Asked again below; the page says how old it is.
    }
    if (Date.now() - last > STALE) {
      looked.textContent = `${looked.dataset.stale} ${hour.format(last)}`;
      looked.classList.add("flag");
    }
    timer = setTimeout(ask, EVERY);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) ask();
  });
  timer = setTimeout(ask, EVERY);
}
