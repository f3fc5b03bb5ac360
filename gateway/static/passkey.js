// Adds or proves a passkey (WebAuthn) and sends it with the form; without it a code does the same.
"use strict";

const bytes = (text) => Uint8Array.from(
  atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const listed = (credentials) => (credentials || []).map((c) => ({ ...c, id: bytes(c.id) }));

async function proof(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = listed(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject) } };
  }
  options.allowCredentials = listed(options.allowCredentials);
  const used = await navigator.credentials.get({ publicKey: options });
  const user = used.response.userHandle;
  return { id: used.id, rawId: text(used.rawId), type: used.type, response: {
    clientDataJSON: text(used.response.clientDataJSON),
    authenticatorData: text(used.response.authenticatorData),
    signature: text(used.response.signature), userHandle: user ? text(user) : null } };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-failed]");
  form.hidden = !window.PublicKeyCredential;
  form.addEventListener("submit", async (event) => {
    if (form.elements.proof.value) return;
    event.preventDefault();
    try {
      failed.hidden = true;
      const made = await proof(JSON.parse(form.dataset.passkey));
      form.elements.proof.value = JSON.stringify(made);
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}
