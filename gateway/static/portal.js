/* What the citizens' pages do better with a script; each of them works without it. */
"use strict";

/* Photos are made smaller before they travel: a telephone's 12 MB become some hundred KB. What
   the camera writes into them (the place, too) stays here. HEIC becomes JPEG whatever its size, if
   this browser can read it (an iPhone's can): the server does not. */
const LONGEST = 2560, LARGE = 1500 * 1024;
const HEIC = /^image\/hei[cf]$|\.hei[cf]$/i;

async function smaller(file) {
  const heic = HEIC.test(file.type) || HEIC.test(file.name);
  if (!heic && (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < LARGE)) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (!blob || (!heic && blob.size >= file.size)) return file;
    const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
    return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
  } catch {
    return file; // of a kind that this browser cannot read: the server judges it
  }
}

function shrinks(input) {
  const form = input.form, buttons = [...form.querySelectorAll("button")];
  input.addEventListener("change", async () => {
    const told = document.getElementById(input.dataset.told);
    buttons.forEach((button) => { button.disabled = true; });
    told.textContent = told.dataset.working;
    const before = [...input.files], after = [];
    for (const file of before) after.push(await smaller(file));
    const files = new DataTransfer();
    after.forEach((file) => files.items.add(file));
    input.files = files.files;
    const size = after.reduce((sum, file) => sum + file.size, 0);
    told.textContent = after.length
      ? told.dataset.done.replace("{n}", after.length).replace("{size}", (size / 1048576).toFixed(1))
      : "";
    buttons.forEach((button) => { button.disabled = false; });
  });
}

/* The place where somebody stands, if the browser may say it. */
function locates(button) {
  if (!navigator.geolocation) return;
  const field = document.getElementById(button.dataset.into);
  const told = document.getElementById(button.dataset.told);
  button.hidden = false;
  button.addEventListener("click", () => {
    told.textContent = told.dataset.working;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        field.value = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)}`;
        told.textContent = told.dataset.done;
      },
      () => { told.textContent = told.dataset.failed; },
      { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 },
    );
  });
}

/* Filters of lists and maps act as soon as one is chosen. */
function filters(form) {
  form.addEventListener("change", () => form.requestSubmit());
}

document.querySelectorAll("input[data-shrinks]").forEach(shrinks);
document.querySelectorAll("button[data-locates]").forEach(locates);
document.querySelectorAll("form[data-filters]").forEach(filters);
