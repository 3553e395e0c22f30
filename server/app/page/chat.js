// The page inside a chat: MCP Apps (SEP-1865, 2026-01-26) is JSON-RPC 2.0 over
// postMessage with the client that embeds the page.

const VERSION = "2026-01-26";
const INSTALLED_BY = 8000; // milliseconds in which a client should have answered

const pending = new Map();
const handlers = {};
let lastID = 0;
let capabilities = {};

function post(message) {
  // The client's origin cannot be known; what is sent is not secret from it.
  window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

function notify(method, params = {}) {
  post({ method, params });
}

function request(method, params, signal) {
  const id = ++lastID;
  return new Promise((resolve, reject) => {
    pending.set(id, { resolve, reject });
    if (signal) {
      signal.addEventListener("abort", () => {
        if (pending.delete(id)) {
          notify("notifications/cancelled", { requestId: id });
          reject(new Error("Cancelled."));
        }
      });
    }
    post({ id, method, params });
  });
}

window.addEventListener("message", ({ source, data }) => {
  if (source !== window.parent || !isObject(data) || data.jsonrpc !== "2.0") {
    return;
  }
  if (typeof data.method === "string") {
    const handle = Object.hasOwn(handlers, data.method) ? handlers[data.method] : null;
    if (data.id === undefined) {
      if (handle) {
        handle(data.params || {});
      }
    } else if (handle) {
      post({ id: data.id, result: handle(data.params || {}) || {} });
    } else {
      post({ id: data.id, error: { code: -32601, message: "This page does not know the method." } });
    }
    return;
  }
  const waiting = pending.get(data.id);
  if (!waiting) {
    return;
  }
  pending.delete(data.id);
  if (data.error) {
    waiting.reject(new Error(clean(data.error.message) || "The client refused."));
  } else {
    waiting.resolve(data.result || {});
  }
});

const main = document.getElementById("main");
const status = make("p", { className: "notice", role: "status" }, "Connecting to the chat…");
main.append(status);
let stop = new AbortController();
let views = new Map();
let asked = {};

const host = {
  get open() {
    return capabilities.openLinks
      ? (url) => request("ui/open-link", { url }).then((result) => {
        if (result.isError) {
          throw new Error("refused");
        }
      })
      : null;
  },
  get read() {
    return capabilities.serverResources ? (uri) => request("resources/read", { uri }) : null;
  },
  get again() {
    return capabilities.serverTools
      ? async (id) => showResult(await request("tools/call", { name: "get_task_status", arguments: { task_id: id } }))
      : null;
  },
};

// showResult shows what a tool answered and follows what still runs.
function showResult(result) {
  stop.abort();
  stop = new AbortController();
  const answer = readResult(result);
  if (answer.problem) {
    close();
    main.replaceChildren(problem(answer.problem));
    return;
  }
  const kept = new Map();
  for (const task of answer.tasks) {
    const key = task.task_id || "order";
    const view = views.get(key) || taskView(host, "h1");
    if (answer.tasks.length === 1) {
      view.knowPrompt(asked.prompt);
    }
    view.show(task);
    kept.set(key, view);
    if (task.task_id && ALIVE.includes(task.status)) {
      followHere(task.task_id, view);
    }
  }
  for (const [key, view] of views) {
    if (!kept.has(key)) {
      view.close();
    }
  }
  views = kept;
  const shown = [...views.values()].map((view) => view.element);
  if (shown.some((element) => element.parentNode !== main) || main.childElementCount !== shown.length) {
    main.replaceChildren(...shown);
  }
}

function followHere(id, view) {
  if (!capabilities.serverTools) {
    view.say("This client does not let the page look by itself. Ask the assistant how the video is doing.");
    return;
  }
  follow(
    (name, args, signal) => request("tools/call", { name, arguments: args }, signal),
    id,
    stop.signal,
    (task) => {
      view.show(task);
      if (!ALIVE.includes(task.status)) {
        tellModel(task);
      }
    },
    (text, over) => view.say(text, over),
  );
}

// tellModel saves the model from asking for what the person already sees.
function tellModel(task) {
  if (!capabilities.updateModelContext) {
    return;
  }
  const text = "The player shows the user task " + task.task_id + ": status " + task.status + ". " + (task.next || "");
  request("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => {});
}

function problem(text) {
  return make("article", { className: "task" },
    make("div", { className: "top" }, make("span", { className: "badge bad" }, "Did not work")),
    make("div", { className: "words bad", role: "alert" }, make("p", { className: "strong", dir: "auto" }, forPeople(text))));
}

function close() {
  stop.abort();
  for (const view of views.values()) {
    view.close();
  }
  views = new Map();
}

handlers["ui/notifications/tool-input"] = ({ arguments: given }) => {
  asked = isObject(given) ? given : {};
  if (views.size === 0) {
    main.replaceChildren(make("p", { className: "notice", role: "status" }, "Waiting for the answer…"));
  }
};
handlers["ui/notifications/tool-result"] = showResult;
handlers["ui/notifications/tool-cancelled"] = () => {
  if (views.size === 0) {
    main.replaceChildren(make("p", { className: "notice", role: "status" },
      "The call was cancelled. A video that was already ordered is still made: ask the assistant for the latest task."));
  }
};
handlers["ui/notifications/host-context-changed"] = applyContext;
handlers["ui/resource-teardown"] = close;
handlers.ping = () => ({});

// applyContext takes over the client's look as far as the page has names for it.
function applyContext(context) {
  const root = document.documentElement;
  if (context.theme === "light" || context.theme === "dark") {
    root.dataset.theme = context.theme;
  }
  const variables = isObject(context.styles) && isObject(context.styles.variables) ? context.styles.variables : {};
  for (const [name, value] of Object.entries(variables)) {
    if (/^--(color-(background|text|border)-(primary|secondary)|color-ring-primary|font-sans|font-mono)$/.test(name) && typeof value === "string") {
      root.style.setProperty(name, value);
    }
  }
  const insets = isObject(context.safeAreaInsets) ? context.safeAreaInsets : {};
  for (const side of ["top", "right", "bottom", "left"]) {
    if (number(insets[side]) !== null) {
      root.style.setProperty("--inset-" + side, insets[side] + "px");
    }
  }
}

// The client gives the page as much room as it says it needs.
let reported = "";
function report() {
  const box = document.documentElement.getBoundingClientRect();
  const size = { width: Math.ceil(box.width), height: Math.ceil(box.height) };
  const text = size.width + "x" + size.height;
  if (text !== reported && size.height > 0) {
    reported = text;
    notify("ui/notifications/size-changed", size);
  }
}

async function start() {
  if (window.parent === window) {
    status.textContent = "This page belongs inside a chat that shows MCP Apps. In a browser, open /ui of the server instead.";
    return;
  }
  const late = setTimeout(() => {
    status.textContent = "The chat does not answer. It may not support MCP Apps; ask the assistant for the video's link.";
  }, INSTALLED_BY);
  const answer = await request("ui/initialize", {
    appInfo: PAGE,
    appCapabilities: { availableDisplayModes: ["inline"] },
    protocolVersion: VERSION,
  });
  clearTimeout(late);
  capabilities = isObject(answer.hostCapabilities) ? answer.hostCapabilities : {};
  applyContext(isObject(answer.hostContext) ? answer.hostContext : {});
  status.textContent = "Waiting for the answer…";
  notify("ui/notifications/initialized");
  new ResizeObserver(report).observe(document.documentElement);
  report();
}

start().catch((error) => {
  status.textContent = "The chat refused to start the player: " + clean(error.message);
});
