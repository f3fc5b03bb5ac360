// The page where tickets are taken along: asks for the least of them, and seals it at once.
"use strict";

{
  const form = document.getElementById("take"), say = (text) => { document.getElementById("took").textContent = text; };
  const SHORTEST = 8, WORKER_WITHIN = 10_000;
  // Without the worker nothing could be opened there: some browsers let none begin, and never say so.
  const working = () => Promise.race([navigator.serviceWorker.ready, new Promise((_, failed) => {
    setTimeout(() => failed(new Error(
      "این مرورگر صفحه بی ارتباط را نگه نمی‌دارد؛ چیزی همراه نشد. صفحه را تازه کنید و دوباره بزنید.")), WORKER_WITHIN);
  })]);
  const taken = async (body) => {
    const answer = await fetch("/desk/along/take", { method: "POST", body, redirect: "error" });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.refused);
    return told;
  };

  async function take() {
    const box = form.querySelector("[type=password]"), password = box.value;
    const codes = new FormData(form).getAll("codes").length;
    if (!codes || codes > Number(form.dataset.most)) return `از ۱ تا ${form.dataset.most} پرونده را علامت بزنید.`;
    if (password.length < SHORTEST) { box.focus(); return `گذرواژه روز دست‌کم ${SHORTEST} نویسه دارد.`; }
    if (await Along.unsent()) {
      return "نوشته‌ای در این دستگاه مانده است: در «باز کردن آنچه همراه است» آن را بفرستید یا دور بیندازید؛ اگر از همکار دیگری است، از او بپرسید، سپس همان‌جا «پاک کردن همه از این دستگاه».";
    }
    await working();
    say("رمز می‌شود…");
    const told = await taken(new URLSearchParams(new FormData(form)));
    if (!told.tickets.length) return "هیچ‌یک از این پرونده‌ها دیگر برای شما باز نیست.";
    await Along.keep(told, password);
    // Else a browser that needs room may forget what is typed; it may say no.
    navigator.storage?.persist?.().catch(() => {});
    box.value = "";
    location.href = "/desk/offline";
    return "";
  }

  if (form && self.Along && isSecureContext && "serviceWorker" in navigator) {
    const button = form.querySelector("button");
    button.disabled = false;
    say("");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      say(await take().catch((error) => error.name === "QuotaExceededError"
        ? "حافظه دستگاه پر است؛ پرونده کمتری ببرید یا جا باز کنید."
        : error.name === "Error" && error.message !== "no store" ? error.message : "این مرورگر چیزی نگه نمی‌دارد، یا ارتباط نیست؛ چیزی همراه نشد."));
      button.disabled = false;
    });
  }
}
