// Keeps the board of operators fresh; without it the page asks for itself anew each half minute.
"use strict";

const board = document.getElementById("board");
if (board) {
  const EVERY = 5_000, STALE = 20_000;
  const looked = document.getElementById("looked");
  const hour = new Intl.DateTimeFormat("fa-IR", {
    timeZone: "Asia/Tehran", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  let tag = "", timer = 0, last = Date.now();

  // The same link or summary on the board as it was and as it is: what stands where, leading where.
  const nameOf = (element) => [element.tagName, element.getAttribute("href"),
    element.closest("details[id]")?.id].join(" ");
  // What somebody has opened stays open, and who reads with the keyboard keeps the place.
  const put = (html) => {
    const states = new Map([...board.querySelectorAll("details[id]")].map((d) => [d.id, d.open]));
    const focused = board.contains(document.activeElement) ? document.activeElement : null;
    board.innerHTML = html;
    for (const [id, open] of states) {
      const details = document.getElementById(id);
      if (details) details.open = open;
    }
    if (focused) {
      const same = [...board.querySelectorAll("a, summary")].find((e) => nameOf(e) === nameOf(focused));
      const around = document.getElementById(focused.closest("details[id]")?.id);
      (same || around?.querySelector("summary"))?.focus({ preventScroll: true });
    }
    document.title = document.getElementById("verdict").textContent;
  };
  // Text that is chosen to be copied stays until it is copied; the page says how old it is.
  const beingCopied = () => !getSelection().isCollapsed && board.contains(getSelection().anchorNode);
  const ask = async () => {
    if (!beingCopied()) await renew();
    if (Date.now() - last > STALE) {
      looked.textContent = `${looked.dataset.stale} ${hour.format(last)}`;
      looked.classList.add("flag");
    }
    timer = setTimeout(ask, EVERY);
  };
  const renew = async () => {
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
      }
    } catch {
      // Asked again in a moment; the page says how old it is.
    }
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) ask();
  });
  timer = setTimeout(ask, EVERY);
}
