// Following a task to its end through get_task_status.

const PATIENCE = 6; // failed looks in a row, about a minute

// follow shows each answer until the task is over, signal is aborted, or looks
// keep failing. call(name, arguments, signal) calls a tool.
async function follow(call, id, signal, show, trouble) {
  let failed = 0;
  let told = true; // something is said that the next answer makes untrue
  let wait = 0; // the first look tells at once where it stands
  while (!signal.aborted) {
    let pause = 500;
    try {
      const answer = readResult(await call("get_task_status", { task_id: id, wait_seconds: wait }, signal));
      if (signal.aborted) {
        return;
      }
      if (answer.problem) {
        throw new Error(answer.problem);
      }
      failed = 0;
      if (told) {
        trouble("");
        told = false;
      }
      const task = answer.tasks[0];
      show(task);
      if (!ALIVE.includes(task.status)) {
        return;
      }
      // Waiting ends early only when the task is over, so it is short enough to
      // see the states before, and far below what any client gives a call.
      wait = Math.min(Math.max(Math.round((number(task.eta_seconds) || 8) / 4), 2), 10);
      pause = task.status === "stalled" ? 30000 : pause;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      failed++;
      if (failed >= PATIENCE || error.final) {
        trouble("The task cannot be looked at: " + clean(error.message) + " It goes on all the same; nothing is lost.", true);
        return;
      }
      told = true;
      trouble("Looking again: " + clean(error.message));
      pause = Math.min(1000 * 2 ** failed, 30000);
    }
    await sleep(pause, signal);
  }
}

function sleep(milliseconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(finish, milliseconds);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    }
    signal.addEventListener("abort", finish);
  });
}
