// The gallery: the caller's tasks, newest first, each opening the player.

const PAGE_SIZE = 12;
const byID = (id) => document.getElementById(id);
const filter = { state: "", text: "" };
const shownCards = new Map(); // task id → {item, task, paint}
let cursor = "";
let generation = 0; // of the list: answers to an older one are dropped
let timer = 0;
let opened = null; // {id, view, stop, from}

const host = {
  mediaAllowed: () => true, // the page's own policy allows media from https and from this server
  links: true,
  read: readResource,
  again: async (id) => {
    const answer = readResult(await callTool("get_task_status", { task_id: id }));
    if (answer.problem) {
      throw new Error(answer.problem);
    }
    if (!opened || opened.id !== id) {
      return;
    }
    opened.view.show(answer.tasks[0]);
    if (ALIVE.includes(answer.tasks[0].status)) {
      followOpened();
    }
  },
};

function listArguments(extra) {
  const args = { limit: PAGE_SIZE, ...extra };
  if (filter.state) {
    args.state = filter.state;
  }
  if (filter.text) {
    args.text = filter.text;
  }
  return args;
}

async function list(extra = {}) {
  const result = await callTool("list_tasks", listArguments(extra));
  const answer = isObject(result.structuredContent) ? result.structuredContent : parse(textOf(result));
  if (result.isError || !isObject(answer) || !Array.isArray(answer.tasks)) {
    throw new Error(textOf(result) || "The list was not understood.");
  }
  return answer;
}

// load shows the first page anew.
async function load() {
  const mine = ++generation;
  clearTimeout(timer);
  byID("videos").setAttribute("aria-busy", "true");
  try {
    const answer = await list();
    if (mine !== generation) {
      return;
    }
    shownCards.clear();
    byID("cards").replaceChildren();
    merge(answer, false);
    cursor = clean(answer.cursor);
    byID("sign-in").hidden = true;
    byID("videos").hidden = false;
    byID("forget").hidden = !key;
    tell("");
    openWanted();
    byID("list-news").textContent = number(answer.total) === 1 ? "1 video" : (number(answer.total) || 0) + " videos";
  } catch (error) {
    if (mine === generation) {
      failed(error);
    }
  } finally {
    if (mine === generation) {
      byID("videos").removeAttribute("aria-busy");
      later();
    }
  }
}

async function more() {
  const mine = generation;
  const had = shownCards.size;
  byID("more").disabled = true;
  try {
    const answer = await list({ cursor });
    if (mine !== generation) {
      return;
    }
    merge(answer, false);
    cursor = clean(answer.cursor);
    byID("more").hidden = !cursor;
    const first = byID("cards").children[had];
    if (first) {
      first.querySelector("button").focus();
    }
  } catch (error) {
    failed(error);
  } finally {
    byID("more").disabled = false;
  }
}

// refresh looks at the first page again: new tasks come on top, changed ones
// change in place.
async function refresh() {
  const mine = generation;
  try {
    const answer = await list();
    if (mine === generation) {
      merge(answer, true);
      tell("");
    }
  } catch (error) {
    if (mine === generation) {
      failed(error);
    }
  }
  later();
}

function later() {
  clearTimeout(timer);
  if (byID("videos").hidden) {
    return;
  }
  const running = [...shownCards.values()].some(({ task }) => ALIVE.includes(task.status));
  timer = setTimeout(() => (document.hidden ? later() : refresh()), running ? 3000 : 20000);
}

function merge(answer, onTop) {
  const cards = byID("cards");
  const fresh = [];
  for (const task of answer.tasks.filter(isObject)) {
    const id = clean(task.task_id);
    const known = shownCards.get(id);
    if (known) {
      known.paint(task);
    } else {
      fresh.push(card(id, task));
    }
  }
  if (onTop) {
    cards.prepend(...fresh);
  } else {
    cards.append(...fresh);
  }
  const credits = isObject(answer.credits) ? answer.credits : {};
  const total = number(answer.total) || 0;
  byID("totals").textContent = total === 0 ? "" : (total === 1 ? "1 video" : total.toLocaleString() + " videos") +
    (number(credits.used) ? " · " + amount(credits.used) + " used" : "");
  byID("sandbox").hidden = answer.sandbox !== true;
  byID("more").hidden = !clean(answer.cursor) && !cursor;
  const narrowed = filter.state || filter.text;
  byID("empty").hidden = shownCards.size > 0;
  byID("empty-title").textContent = narrowed ? "Nothing matches" : "No videos yet";
  byID("empty-text").textContent = narrowed
    ? "Choose another filter, or search for other words."
    : "Ask your assistant for one: “Make a 5 second video of a red fox running through fresh snow.”";
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting && target.dataset.later) {
      target.src = target.dataset.later;
      delete target.dataset.later;
      seen.unobserve(target);
    }
  }
}, { rootMargin: "200px" });

function card(id, task) {
  const picture = make("span", { className: "picture" });
  const name = make("span", { className: "name", dir: "auto" });
  const about = make("span", { className: "about" });
  const open = make("button", { type: "button", className: "card" }, picture, name, about);
  const item = make("li", {}, open);
  open.addEventListener("click", () => show(id, open));
  let film = "";
  function paint(next) {
    entry.task = next;
    name.textContent = clean(next.prompt) || "Video";
    const price = number(next.credits);
    about.replaceChildren(badge(next),
      make("span", {}, [clean(next.model), price === null ? "" : amount(price), age(next.created_at)].filter(Boolean).join(" · ")));
    const url = next.status === "success" ? webAddress(next.video) : "";
    if (url === film && picture.childElementCount > 0) {
      return;
    }
    film = url;
    if (url) {
      const still = make("video", { muted: true, playsInline: true, preload: "metadata", tabIndex: -1, "aria-hidden": "true" });
      still.dataset.later = url + "#t=0.1";
      still.addEventListener("error", () => picture.replaceChildren(sign(next)));
      picture.replaceChildren(still);
      seen.observe(still);
    } else {
      picture.replaceChildren(sign(next));
    }
  }
  const entry = { item, task, paint };
  shownCards.set(id, entry);
  paint(task);
  return item;
}

// sign stands where there is no picture.
function sign(task) {
  return make("span", { className: "sign " + stateOf(task)[1], "aria-hidden": "true" });
}

function age(text) {
  const seconds = (Date.now() - Date.parse(text)) / 1000;
  if (!(seconds >= 0)) {
    return "just now";
  }
  const steps = [[60, "just now"], [3600, " min ago", 60], [86400, " h ago", 3600], [14 * 86400, " d ago", 86400]];
  for (const [below, word, unit] of steps) {
    if (seconds < below) {
      return unit ? Math.floor(seconds / unit) + word : word;
    }
  }
  return new Date(text).toLocaleDateString(undefined, { dateStyle: "medium" });
}

// show opens one task in the player.
function show(id, from) {
  shut();
  const view = taskView(host);
  opened = { id, view, stop: new AbortController(), from };
  byID("detail-task").replaceChildren(view.element);
  view.element.classList.add("loading");
  view.say("Loading…");
  byID("detail").showModal();
  history.replaceState(null, "", "#" + id);
  followOpened();
}

function followOpened() {
  const { id, view } = opened;
  opened.stop.abort();
  opened.stop = new AbortController();
  follow(callTool, id, opened.stop.signal, (task) => {
    view.element.classList.remove("loading");
    view.show(task);
    const known = shownCards.get(id);
    if (known && known.task.status !== task.status) {
      refresh();
    }
  }, (text, over) => {
    view.say(text, over);
    if (over) {
      view.element.classList.remove("loading");
    }
  });
}

function shut() {
  if (!opened) {
    return;
  }
  const { view, stop, from } = opened;
  opened = null;
  stop.abort();
  view.close();
  byID("detail-task").replaceChildren();
  history.replaceState(null, "", location.pathname + location.search);
  if (from && from.isConnected) {
    from.focus();
  }
}

function failed(error) {
  if (error.key) {
    signIn(key ? error.message : "");
    return;
  }
  byID("videos").hidden = false;
  tell(error.message);
}

function tell(text) {
  byID("list-problem").textContent = clean(text);
  byID("list-problem").hidden = !text;
}

function signIn(problem) {
  generation++;
  setKey("");
  clearTimeout(timer);
  byID("detail").close();
  shownCards.clear();
  byID("cards").replaceChildren();
  byID("totals").textContent = "";
  byID("sandbox").hidden = true;
  byID("videos").hidden = true;
  byID("forget").hidden = true;
  byID("sign-in").hidden = false;
  byID("sign-in-problem").textContent = problem;
  byID("sign-in-problem").hidden = !problem;
  byID("key").value = "";
  byID("key").focus();
}

byID("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = byID("key").value.trim();
  if (!/^[\x21-\x7e]+$/.test(typed)) {
    signIn("A key has letters, digits and signs only, without spaces.");
    return;
  }
  setKey(typed);
  load();
});
byID("forget").addEventListener("click", () => signIn(""));
byID("more").addEventListener("click", more);
byID("refresh").addEventListener("click", load);
byID("close").addEventListener("click", () => byID("detail").close());
byID("detail").addEventListener("close", () => {
  if (!byID("detail").open) { // the event comes late: another video may be open by now
    shut();
  }
});
byID("detail").addEventListener("click", (event) => {
  if (event.target === byID("detail")) {
    byID("detail").close(); // a click beside the dialog
  }
});
for (const choice of byID("filters").children) {
  choice.addEventListener("click", () => {
    filter.state = choice.dataset.state;
    for (const other of byID("filters").children) {
      other.setAttribute("aria-pressed", String(other === choice));
    }
    load();
  });
}
let typing = 0;
byID("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    filter.text = byID("search").value.trim();
    load();
  }, 300);
});

// An address like /ui#vid_… opens that video, once its owner is known.
let wanted = location.hash.slice(1);
function openWanted() {
  const id = wanted;
  wanted = "";
  if (/^[\w-]{1,80}$/.test(id)) {
    show(id, null);
  }
}

load();
