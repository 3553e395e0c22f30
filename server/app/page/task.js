// One task as a person sees it: where it stands, then the video.

// How each state is told: its label, its tone, and what it means, money
// included.
const STATES = {
  confirmation_required: ["Needs your consent", "warn", "Nothing has been ordered or charged yet. Answer in the chat whether the price is all right."],
  submitting: ["Ordering", "busy", "The order is on its way."],
  queued: ["Queued", "busy", "The account is making as many videos as it may. This one is sent when a slot frees; nothing is charged until then."],
  waiting: ["Accepted", "busy", "The order is accepted and will be rendered next."],
  generating: ["Rendering", "busy", "The video is being made."],
  stalled: ["Delayed", "warn", "This takes far longer than usual. It is still being looked at, ever more rarely."],
  unconfirmed: ["Not confirmed", "warn", "The order was sent, but its answer was lost. It may have been accepted and charged. It is never sent again by itself."],
  success: ["Ready", "good", ""],
  fail: ["Failed", "bad", ""],
};
const CHARGED = {
  no: "Nothing was charged.",
  yes: "It was charged all the same.",
  unknown: "Whether it was charged is not known.",
};

function stateOf(task) {
  return STATES[task.status] || [clean(task.status).slice(0, 40), "busy", ""];
}

function badge(task) {
  const [label, tone] = stateOf(task);
  return make("span", { className: "badge " + tone }, label);
}

// taskView shows one task. host is what the surroundings can do, each null or
// absent where they cannot: open(url), read(uri), again(id), all promises;
// links says that a link of the page itself works; mediaAllowed(url) replaces
// the page's own rule.
function taskView(host, heading = "h2") {
  const live = make("p", { className: "unseen", role: "status" });
  const top = make("div", { className: "top" });
  const title = make(heading, { className: "prompt", dir: "auto" });
  const stage = make("div", { className: "stage" });
  const words = make("div", { className: "words" });
  const facts = make("dl", { className: "facts" });
  const actions = make("div", { className: "actions" });
  const said = make("p", { className: "said", role: "status" });
  const foot = make("div", { className: "foot" }, actions, said);
  const element = make("article", { className: "task" }, live, top, title, stage, words, facts, foot);
  let task = null;
  let shownPrompt = "";
  let wholePrompt = "";
  let arrived = 0;
  let playing = "";
  let ticker = 0;
  let gaveUp = false;

  function show(next) {
    const changed = !task || task.status !== next.status;
    task = next;
    arrived = Date.now();
    const [label, tone, meaning] = stateOf(task);
    shownPrompt = clean(task.prompt);
    element.dataset.state = task.status;
    element.setAttribute("aria-busy", String(tone === "busy"));
    top.replaceChildren(badge(task));
    if (task.sandbox) {
      top.append(make("span", { className: "tag" }, "Sandbox: no credits spent"));
    }
    title.textContent = prompt() || "Video";
    showStage();
    showWords(meaning);
    showFacts();
    showActions();
    if (changed) {
      live.textContent = label + ". " + (task.status === "fail" ? failureText() : meaning);
    }
    clearInterval(ticker);
    if (ALIVE.includes(task.status)) {
      ticker = setInterval(tick, 1000);
      tick();
    }
  }

  const prompt = () => (wholePrompt && !/…$/.test(wholePrompt) ? clean(wholePrompt) : shownPrompt);

  function showStage() {
    const clip = firstVideo(task);
    if (task.status !== "success" || !clip) {
      playing = "";
      if (ALIVE.includes(task.status)) {
        stage.replaceChildren(waitingPicture());
      } else {
        stage.replaceChildren();
      }
      return;
    }
    const key = task.task_id + " " + clip.url;
    if (playing !== key) {
      playing = key;
      stage.replaceChildren(player(clip));
    }
  }

  function waitingPicture() {
    if (stage.querySelector(".wait")) {
      return stage.firstElementChild;
    }
    const bar = make("progress", { max: 1, "aria-label": "Progress" });
    bar.removeAttribute("value");
    return make("div", { className: "wait" },
      make("span", { className: "film", "aria-hidden": "true" }),
      bar,
      make("p", { className: "eta" }));
  }

  // tick moves the bar by the estimate that came with the last answer: an
  // honest guess, never full before the video is there.
  function tick() {
    const bar = stage.querySelector("progress");
    if (!bar) {
      return;
    }
    const since = (Date.now() - arrived) / 1000;
    const age = Math.max((Date.now() - Date.parse(task.created_at)) / 1000 || 0, since);
    const eta = number(task.eta_seconds);
    const parts = [];
    if (eta !== null) {
      const left = Math.max(eta - since, 0);
      bar.value = Math.min(age / (age + left || 1), 0.98);
      parts.push(roughly(left));
    } else {
      bar.removeAttribute("value");
    }
    if (age < 86400) {
      parts.push(clock(age) + " so far");
    }
    stage.querySelector(".eta").textContent = parts.join(" · ");
  }

  // player plays from the URL, or from the bytes that the server holds where
  // the URL cannot be reached from here.
  function player(clip) {
    const box = make("div", { className: "screen" });
    const width = number(clip.width);
    const height = number(clip.height);
    const film = make("video", { controls: true, playsInline: true, preload: "metadata", "aria-label": "Video: " + (prompt() || "untitled") });
    if (width && height) {
      film.width = width;
      film.height = height;
      film.style.aspectRatio = width + " / " + height;
    }
    const sources = [];
    const url = webAddress(clip.url);
    if (url && (host.mediaAllowed || mediaAllowed)(url)) {
      sources.push(async () => url);
    }
    if (host.read && task.task_id && declared("clips") === "yes") {
      const id = task.task_id;
      sources.push(() => readClip(id));
    }
    async function next() {
      const source = sources.shift();
      if (!source) {
        box.replaceChildren(make("p", { className: "notice" }, unplayable(clip, url)));
        return;
      }
      try {
        const address = await source();
        wait.remove();
        film.hidden = false;
        film.src = address;
      } catch {
        next();
      }
    }
    const wait = make("p", { className: "notice" }, "Fetching the video…");
    film.hidden = true;
    film.addEventListener("error", () => next());
    box.append(film, wait);
    next();
    return box;
  }

  // readClip asks again for a while: the server saves the file just after the
  // task has ended.
  async function readClip(id) {
    for (const pause of [500, 1000, 2000, 4000]) {
      try {
        return await clipOnce(id);
      } catch {
        await new Promise((done) => setTimeout(done, pause));
      }
    }
    return clipOnce(id);
  }

  async function clipOnce(id) {
    const result = await host.read("ui://seedance/clip/" + encodeURIComponent(id));
    const item = (result.contents || []).find((content) => typeof content.blob === "string");
    if (!item || !/^video\/[a-z0-9.+-]+$/.test(item.mimeType)) {
      throw new Error("no clip");
    }
    return "data:" + item.mimeType + ";base64," + item.blob;
  }

  function unplayable(clip, url) {
    if (clip.expires_at && Date.parse(clip.expires_at) < Date.now()) {
      return "The link to this video expired on " + moment(clip.expires_at) + ".";
    }
    if (url) {
      return "The video is ready, but it cannot be played inside this window. Open it instead.";
    }
    return "The video is ready, but it cannot be played inside this window.";
  }

  function failureText() {
    const failure = isObject(task.error) ? task.error : {};
    return [clean(failure.message) || "The service gave no reason.", CHARGED[failure.charged] || CHARGED.unknown].join(" ");
  }

  function showWords(meaning) {
    const lines = [];
    if (task.status === "fail") {
      const failure = isObject(task.error) ? task.error : {};
      lines.push(make("p", { className: "strong", dir: "auto" }, clean(failure.message) || "The service gave no reason."));
      lines.push(make("p", {}, CHARGED[failure.charged] || CHARGED.unknown));
      if (failure.suggestion) {
        lines.push(make("p", { dir: "auto" }, forPeople(failure.suggestion)));
      }
    } else if (meaning) {
      lines.push(make("p", {}, meaning));
    }
    if (task.status === "unconfirmed" && task.task_id) {
      lines.push(make("p", {}, "Look for it in the account's history and charges. Then settle it on the server's machine:"));
      const settle = "seedance-mcp tasks resolve " + clean(task.task_id);
      lines.push(make("ul", {},
        make("li", {}, "it is there: ", make("code", {}, settle + " --upstream-id ID")),
        make("li", {}, "it is not: ", make("code", {}, settle + " --not-paid"))));
    }
    if (task.status === "unconfirmed" && task.reason) {
      lines.push(make("details", {}, make("summary", {}, "What happened"), make("p", { dir: "auto" }, clean(task.reason))));
    }
    const reason = task.status === "unconfirmed" ? "" : task.reason;
    for (const text of [reason].concat(task.warnings || [], task.notes || [])) {
      const line = forPeople(text);
      if (line && !/^sandbox, no credits spent$/.test(line)) {
        lines.push(make("p", { className: "quiet", dir: "auto" }, line));
      }
    }
    if (task.duplicate_of) {
      lines.push(make("p", { className: "quiet" }, "The same video had been ordered just before, so this is that one; nothing was ordered twice."));
    }
    words.className = "words " + stateOf(task)[1];
    words.replaceChildren(...lines);
  }

  function showFacts() {
    const clip = firstVideo(task) || {};
    const size = number(clip.width) && number(clip.height) ? clip.width + " × " + clip.height : "";
    const took = (Date.parse(task.completed_at) - Date.parse(task.created_at)) / 1000;
    const rows = [
      ["Credits", creditsText(task)],
      ["Price", task.status === "confirmation_required" ? clean(task.quote) : ""],
      ["Model", clean(task.model)],
      ["Size", size],
      ["Seed", number(clip.seed) === null ? "" : String(clip.seed)],
      ["Ordered", moment(task.created_at)],
      ["Took", took >= 0 ? clock(Math.round(took)) : ""],
      ["Link works until", moment(clip.expires_at)],
      ["Saved as", clean(clip.path), "wide"],
      ["Task", clean(task.task_id), "wide"],
    ];
    facts.replaceChildren(...rows.filter(([, value]) => value).map(([name, value, width]) =>
      make("div", { className: width || "" }, make("dt", {}, name), make("dd", { dir: "auto" }, value))));
  }

  function showActions() {
    const clip = firstVideo(task);
    const url = clip ? webAddress(clip.url) : "";
    // The buttons stay the same ones while the state does not change, so that
    // the focus is not lost.
    const stuck = task.status === "unconfirmed" || gaveUp;
    const key = [task.status, url, Boolean(prompt()), stuck].join(" ");
    if (actions.dataset.key === key) {
      return;
    }
    actions.dataset.key = key;
    const held = actions.contains(document.activeElement);
    actions.replaceChildren();
    if (url && task.status === "success") {
      if (host.links) {
        actions.append(make("a", { href: url, target: "_blank", rel: "noopener noreferrer", className: "primary" }, "Open video"));
      } else if (host.open) {
        actions.append(button("Open video", () => host.open(url).then(() => "", () => "This client does not open links. Copy the link instead."), "primary"));
      }
      actions.append(button("Copy link", () => copyOut(url, "Link copied.")));
    }
    if (prompt()) {
      actions.append(button("Copy prompt", () => fullPrompt().then((text) => copyOut(text, "Prompt copied."))));
    }
    if (stuck && task.task_id && host.again) {
      actions.append(button("Check again", () => host.again(task.task_id).then(() => (gaveUp ? "Looking again…" : "Checked just now."))));
    }
    if (held) {
      (actions.firstElementChild || element).focus();
    }
  }

  // copyOut copies, or shows what is to be copied where that is forbidden.
  async function copyOut(text, done) {
    if (await copy(text)) {
      return done;
    }
    const field = make("input", { value: text, readOnly: true, "aria-label": "To copy" });
    setTimeout(() => {
      said.append(field);
      field.select();
    });
    return "Copying is not allowed here; take it from this field: ";
  }

  function button(label, act, kind = "") {
    const b = make("button", { type: "button", className: kind }, label);
    b.addEventListener("click", async () => {
      try {
        said.textContent = await act();
      } catch (error) {
        said.textContent = clean(error.message) || "That did not work.";
      }
    });
    return b;
  }

  // fullPrompt asks the server for what results show shortened.
  async function fullPrompt() {
    if (wholePrompt) {
      return wholePrompt;
    }
    if (!/…$/.test(shownPrompt) || !host.read) {
      return shownPrompt;
    }
    try {
      const result = await host.read("seedance://tasks/" + encodeURIComponent(task.task_id));
      const found = parse(result.contents[0].text);
      wholePrompt = typeof found.prompt === "string" ? found.prompt : "";
    } catch {
      // An older server shows the beginning only.
    }
    return wholePrompt || shownPrompt;
  }

  return {
    element,
    show,
    task: () => task,
    // knowPrompt takes the prompt as it was written, which results shorten.
    knowPrompt(text) {
      wholePrompt = typeof text === "string" ? text : "";
      if (task) {
        title.textContent = prompt() || "Video";
      }
    },
    // say tells about the connection; over: nobody looks any more.
    say(text, over = false) {
      said.textContent = text;
      gaveUp = over;
      if (task) {
        showActions();
      }
    },
    close() {
      clearInterval(ticker);
      for (const film of stage.querySelectorAll("video")) {
        film.pause();
        film.removeAttribute("src");
        film.load();
      }
    },
  };
}

// copy puts text on the clipboard, in the old way where the new one is not
// allowed, and says whether it could.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Fall through to the old way.
  }
  const area = make("textarea", { value: text, readOnly: true, className: "unseen", "aria-hidden": "true" });
  const focused = document.activeElement;
  (document.querySelector("dialog[open]") || document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused) {
    focused.focus();
  }
  return done;
}
