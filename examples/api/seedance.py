"""The jobs API in one small file: create a task, follow it, save the video.

Only the standard library. createTask is the paid call and has no idempotency
key, so it is sent once and never again: a lost answer is reported, not retried.
"""

import html
import http.client
import json
import os
import random
import re
import socket
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MAX_JSON = 1 << 20
MAX_VIDEO = 500 << 20
MAX_TROUBLE = 8  # polls in a row that may fail

# The answers to createTask that surely mean "no task, no charge", and the
# failures before the request left. Everything else leaves the outcome open.
NOT_ACCEPTED = (400, 401, 402, 403, 404, 405, 413, 429)
NEVER_LEFT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)


class Trouble(Exception):
    """What failed and what to do, in words for a person."""


class Refused(Trouble):
    """An HTTP error, with its status and the Retry-After header."""

    def __init__(self, status, message, retry_after=None):
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect must not carry the key to another host."""

    def redirect_request(self, *args, **kwargs):
        return None


def _seconds(name, default):
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1
    if not 0 < value < 1e6:  # also refuses NaN
        raise Trouble(f"{name} is {text!r}: give a number of seconds, such as {default:g}.")
    return value


class Client:
    def __init__(self):
        self.url = os.environ.get("SEEDANCE_API_URL", "").rstrip("/")
        self.key = os.environ.get("SEEDANCE_API_KEY", "")
        if not self.url or not self.key:
            raise Trouble("Set SEEDANCE_API_URL and SEEDANCE_API_KEY; README.md shows how.")
        self.poll = _seconds("SEEDANCE_POLL_SECONDS", 2)
        self.patience = _seconds("SEEDANCE_PATIENCE_SECONDS", 15 * 60)
        self.answer_timeout = _seconds("SEEDANCE_ANSWER_SECONDS", 60)
        self._opener = urllib.request.build_opener(_NoRedirect)

    def _call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", "Bearer " + self.key)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with self._opener.open(request, timeout=self.answer_timeout) as answer:
                return _decode(answer)
        except urllib.error.HTTPError as err:
            raise _refused(err) from None

    def create(self, body):
        """Sends createTask once and gives the task id."""
        try:
            data = _unwrap(self._call("POST", "/jobs/createTask", body))
        except Refused as err:
            if err.status in NOT_ACCEPTED:
                raise
            raise Trouble(_unknown(err)) from None
        except (OSError, http.client.HTTPException, Trouble) as err:
            reason = getattr(err, "reason", err)
            if isinstance(reason, NEVER_LEFT):
                raise Trouble(f"No connection to {self.url}: {reason}. Nothing was sent. Is the sandbox running?") from None
            raise Trouble(_unknown(reason)) from None
        task_id = data.get("taskId")
        if not isinstance(task_id, str) or not task_id:
            raise Trouble(_unknown("the answer names no taskId"))
        return task_id

    def record(self, task_id):
        return _unwrap(self._call("GET", "/jobs/recordInfo?taskId=" + urllib.parse.quote(task_id, safe="")))

    def wait(self, task_id):
        """Polls until the task ends; passing trouble is waited out."""
        deadline = time.monotonic() + self.patience
        troubles, pause, shown = 0, self.poll, ""
        while True:
            asked = 0
            try:
                data = self.record(task_id)
            except (OSError, http.client.HTTPException, Trouble) as err:
                if isinstance(err, Refused):
                    # 404 just after creation may pass; these will not.
                    if err.status in (400, 401, 402, 403):
                        raise
                    asked = err.retry_after or 0
                troubles += 1
                if troubles >= MAX_TROUBLE:
                    raise Trouble(f"{troubles} polls in a row failed, the last with: {err} The task {task_id} goes on and is paid: ask for it later.") from None
                pause = min(pause * 2, 15 * self.poll)
                print(f"  poll failed ({err}); trying again", file=sys.stderr)
            else:
                troubles, pause = 0, min(pause * 1.2, 3 * self.poll)
                state = str(data.get("status") or data.get("state") or "").lower()
                if state != shown:
                    print(f"  {state or 'no state yet'}", flush=True)
                    shown = state
                if state == "fail":
                    raise Trouble(_failure(data))
                if state == "success" and _video(data):
                    return data, _video(data)
            # Jitter, so that many clients do not poll in step.
            sleep = max(asked, pause * random.uniform(0.75, 1.25))
            if time.monotonic() + sleep > deadline:
                raise Trouble(f"No end after {self.patience:g} s. The task {task_id} goes on and is paid: ask for it later.")
            time.sleep(sleep)

    def save(self, link, path):
        """Downloads without the key, into a file that appears whole or not at all."""
        part = path + ".part"
        try:
            with urllib.request.urlopen(link, timeout=self.answer_timeout) as answer, open(part, "wb") as out:
                kind = answer.headers.get_content_type()
                if kind not in ("video/mp4", "video/quicktime", "application/octet-stream"):
                    raise ValueError(f"{kind} instead of a video")
                want, size = answer.headers.get("Content-Length"), 0
                while chunk := answer.read(1 << 16):
                    size += len(chunk)
                    if size > MAX_VIDEO:
                        raise ValueError(f"larger than {MAX_VIDEO >> 20} MiB")
                    out.write(chunk)
                if want is not None and size != int(want):
                    raise ValueError(f"it broke off after {size} of {want} bytes")
            os.replace(part, path)
            return size
        except (OSError, http.client.HTTPException, ValueError) as err:
            raise Trouble(f"The download failed: {err}. The video is paid and stays at {link}") from None
        finally:
            if os.path.exists(part):
                os.remove(part)


def _decode(answer):
    text = answer.read(MAX_JSON + 1)
    try:
        data = json.loads(text) if len(text) <= MAX_JSON else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Trouble(f"HTTP {answer.status} with {answer.headers.get_content_type()} that is not the API's JSON: {_snippet(text)}")
    return data


def _unwrap(data):
    """The record itself, in an envelope {code, message, data} or not."""
    if "code" in data and data["code"] != 200:
        code = int(data["code"]) if str(data["code"]).isdigit() else 0
        raise Refused(code, f"Refused with code {data['code']}: {data.get('message', 'no reason given')}.")
    data = data.get("data") if "code" in data else data
    if not isinstance(data, dict):
        raise Trouble("The answer has no data.")
    return data


def _refused(err):
    try:
        text = err.read(MAX_JSON)
    except (OSError, http.client.HTTPException):
        text = b""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return Refused(err.code, f"HTTP {err.code} with a page instead of JSON ({_snippet(text)}).", _retry_after(err))
    message = f"HTTP {err.code}: {body.get('message', 'no reason given')}."
    for problem in body.get("errors") or []:
        if isinstance(problem, dict):
            message += f" {'.'.join(map(str, problem.get('path') or []))}: {problem.get('message')}."
    if err.code == 401:
        message += " Check SEEDANCE_API_KEY."
    elif err.code == 402:
        if "required" in body and "available" in body:
            message += f" It needs {body['required']} credits and the account has {body['available']}."
        message += " Nothing was charged: add credits or ask for less."
    elif err.code == 429:
        if "limit" in body:
            message += f" ({body.get('current', '?')} of {body['limit']} tasks run.)"
        message += " Nothing was charged: run it again when a task has ended."
    return Refused(err.code, message, _retry_after(err))


def _retry_after(err):
    text = err.headers.get("Retry-After", "")
    return min(int(text), 60) if text.isdigit() else 0


def _unknown(reason):
    return (f"The answer to createTask was lost ({reason}). The task may exist and may have been paid, so it is NOT sent again: "
            "look at the account's task list before you run this once more.")


def _failure(data):
    error = data.get("error") or data.get("failMsg")
    code = data.get("failCode")
    if isinstance(error, dict):
        code, error = error.get("code"), error.get("message")
    code = f" (code {code})" if code else ""
    return f"The task failed{code}: {error or 'no reason given'}"


def _video(data):
    """The first video's URL; "" while there is none: success without one is not done yet."""
    output = data.get("output")
    if not output and data.get("resultJson"):
        try:
            output = [{"url": url} for url in json.loads(data["resultJson"]).get("resultUrls") or []]
        except (ValueError, AttributeError, TypeError):
            output = None
    if isinstance(output, list) and output and isinstance(output[0], dict) and output[0].get("url"):
        return str(output[0]["url"])
    return ""


def _snippet(text):
    plain = re.sub(rb"<!--.*?-->|<style.*?</style>|<[^>]*>", b" ", text, flags=re.S).decode("utf-8", "replace")
    plain = "".join(c if c.isprintable() else " " for c in html.unescape(plain))
    return " ".join(plain.split())[:120] or "empty"


def run(body, path):
    """Makes one video; the exit code is 0 when it is saved, 1 otherwise."""
    try:
        client = Client()
        task_id = client.create(body)
        print(f"Task {task_id} accepted", flush=True)
        data, link = client.wait(task_id)
        size = client.save(link, path)
    except Trouble as err:
        print(f"error: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. A task that was accepted goes on.", file=sys.stderr)
        return 1
    print(f"Saved {path} ({size} bytes), credits used: {data.get('creditsUsed', 'not told')}")
    return 0
