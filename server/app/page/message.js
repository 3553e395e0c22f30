// What tools answer, read tolerantly, and how its parts are written for people.

const PAGE = { name: "seedance-mcp-player", title: "Seedance video player", version: "1" };
const ALIVE = ["submitting", "queued", "waiting", "generating", "stalled"];

// readResult makes {tasks} or {problem} of a tool's result. Clients hand over
// the structured content, the text, or both; each holds everything.
function readResult(result) {
  const text = textOf(result);
  if (!result || result.isError) {
    return { problem: text || "The call failed without saying why." };
  }
  const answer = isObject(result.structuredContent) ? result.structuredContent : parse(text);
  const tasks = isObject(answer) && Array.isArray(answer.tasks) ? answer.tasks : [answer];
  const known = tasks.filter((task) => isObject(task) && typeof task.status === "string");
  if (known.length === 0) {
    return { problem: "This answer holds no video task." };
  }
  return { tasks: known };
}

function textOf(result) {
  const items = result && Array.isArray(result.content) ? result.content : [];
  return items.filter((item) => isObject(item) && item.type === "text").map((item) => clean(item.text)).join("\n");
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// clean takes out what could make text look like something else: control
// characters and those that turn the direction of what follows.
function clean(value) {
  return typeof value === "string" ? value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "") : "";
}

// forPeople words advice that was written for a model: a person has no tools
// to call.
function forPeople(value) {
  return clean(value)
    .replace(/\b([Cc])all generate_video\b/g, (_, c) => (c === "C" ? "Order it" : "order it"))
    .replace(/\b([Cc])all get_task_status\b/g, (_, c) => (c === "C" ? "Look" : "look"));
}

// webAddress is a URL that may be opened or played, or "": nothing but http(s)
// ever becomes a link, and the names that never exist (.invalid: a sandbox
// without a door) lead nowhere.
function webAddress(value) {
  try {
    const url = new URL(value);
    const known = url.protocol === "https:" || url.protocol === "http:";
    return known && !url.hostname.endsWith(".invalid") ? url.href : "";
  } catch {
    return "";
  }
}

// declared is what the server wrote into the page for it.
function declared(name) {
  return document.querySelector('meta[name="' + name + '"]').content;
}

// mediaAllowed says that the page's own policy lets a video be loaded from url.
function mediaAllowed(url) {
  const { protocol, host, origin } = new URL(url);
  return declared("media-origins").split(" ").some((allowed) => allowed === origin ||
    (allowed.startsWith(protocol + "//*.") && host.endsWith(allowed.slice(protocol.length + 3))));
}

// firstVideo is what can be shown of a finished task.
function firstVideo(task) {
  const list = Array.isArray(task.videos) ? task.videos.filter(isObject) : [];
  return list[0] || null;
}

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

// creditsText tells what a task cost or will cost.
function creditsText(task) {
  const credits = isObject(task.credits) ? task.credits : {};
  const used = number(credits.used);
  const estimated = number(credits.estimated);
  if (used !== null) {
    return amount(used) + (task.sandbox ? " (pretend)" : "");
  }
  if (estimated === null) {
    return "no published price";
  }
  return amount(estimated) + (task.sandbox ? " (pretend)" : " (estimate)");
}

function amount(value) {
  return value === 1 ? "1 credit" : value.toLocaleString(undefined, { maximumFractionDigits: 6 }) + " credits";
}

// roughly writes seconds the way one says them.
function roughly(seconds) {
  if (seconds < 1.5) {
    return "any moment now";
  }
  if (seconds < 90) {
    return "about " + Math.ceil(seconds) + " s left";
  }
  return "about " + Math.round(seconds / 60) + " min left";
}

// clock writes seconds as 1:05.
function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return minutes < 60 ? minutes + ":" + rest : Math.floor(minutes / 60) + ":" + String(minutes % 60).padStart(2, "0") + ":" + rest;
}

// moment is a point in time in the reader's own clock, "" for none.
function moment(value) {
  const time = new Date(value);
  return value && !Number.isNaN(time.getTime())
    ? time.toLocaleString(undefined, {
      day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
      year: time.getFullYear() === new Date().getFullYear() ? undefined : "numeric",
    })
    : "";
}

// make builds an element; text only ever goes in as text.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) {
      element[name] = value;
    } else {
      element.setAttribute(name, value);
    }
  }
  element.append(...children);
  return element;
}
