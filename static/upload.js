// Sends chosen pictures one by one, each with its progress; without script they go together.
"use strict";

(() => {
  const box = document.querySelector("[data-upload]");
  const form = box.querySelector("form");
  const chosen = form.querySelector("input[type=file]");
  const list = box.querySelector(".uploads");

  function line(file) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.className = "upload-name";
    name.textContent = file.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    const said = document.createElement("div");
    said.className = "upload-said";
    item.append(name, bar, said);
    list.append(item);
    return { item, bar, said, file };
  }

  function send({ item, bar, said, file }) {
    return new Promise((done) => {
      const body = new FormData(form);
      body.delete(chosen.name);
      body.append(chosen.name, file, file.name);
      const call = new XMLHttpRequest();
      call.open("POST", form.action);
      call.setRequestHeader("HX-Request", "true");
      call.setRequestHeader("HX-Request-Type", "partial");
      call.setRequestHeader("X-One-File", "1");
      call.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) bar.value = event.loaded / event.total;
      });
      call.addEventListener("loadend", () => {
        const good = call.status === 200;
        const told = good || call.status === 422;
        bar.remove();
        item.dataset.state = good ? "good" : "bad";
        // What comes is a fragment of ours, escaped as every page is.
        if (told) said.innerHTML = call.responseText;
        else said.textContent = box.dataset.failed;
        if (good) item.querySelector(".upload-name").textContent = box.dataset.done;
        done();
      });
      call.send(body);
    });
  }

  form.addEventListener("submit", async (event) => {
    if (!chosen.files.length) return; // the server says what is missing
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    list.hidden = false;
    const lines = [...chosen.files].map(line);
    for (const each of lines) await send(each);
    chosen.value = "";
    button.disabled = false;
  });
})();
