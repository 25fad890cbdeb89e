// All requests to the server. URLs are relative, so that the page also works below a path of a proxy.

const AT_ONCE = 3; // requests at a time: browsers allow six, and the server refuses too many
const RETRIES = 6; // of a request that a busy server refused

/** A failure that has a sentence for the reader of the page. again: whether it may go better another time. */
export class ReadError extends Error {
  constructor(sentence, again = false) {
    super(sentence);
    this.again = again;
  }
}

/** The answer of GET `path`. Raises ReadError. */
export async function get(path) {
  const response = await reach(path);
  if (!response.ok) throw await refusal(response);
  return response;
}

/**
 * What one model reads in one picture: {model, runtime, ms, roundTrip, record}, times in milliseconds.
 *
 * ask: more of the query; without it all thresholds are asked for at once.
 * picture: a Blob. name: its file name; without one its bytes go as they are. onwait is called when the server is too
 * busy and the request will be repeated. Raises ReadError, or AbortError when `signal` says so.
 */
export async function readPicture(picture, { model, name, signal, onwait, ask = { sweep: "true" } }) {
  const query = new URLSearchParams({ model, ...ask }); // all thresholds at once: the slider asks nothing
  for (let tries = 1; ; tries++) {
    const started = performance.now();
    const response = await reach(`api/read?${query}`, { method: "POST", body: body(picture, name), signal });
    if (response.status === 429 && tries <= RETRIES) {
      onwait?.();
      await pause(1000 * (Number(response.headers.get("Retry-After")) || 1), signal);
      continue;
    }
    if (!response.ok) throw await refusal(response);
    const { pictures: [record], ...answer } = await response.json();
    if (record.error) throw new ReadError(record.error);
    return { ...answer, record, roundTrip: performance.now() - started };
  }
}

let running = 0;
const waiting = [];

/** The result of `task`, begun when fewer than AT_ONCE others run: those that were first go first. */
export async function inTurn(task) {
  if (running < AT_ONCE) running++;
  else await new Promise((go) => waiting.push(go));
  try {
    return await task();
  } finally {
    const next = waiting.shift(); // which takes over this one's place
    if (next) next();
    else running--;
  }
}

function body(picture, name) {
  if (!name) return picture;
  const form = new FormData();
  form.append("file", picture, name);
  return form;
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ReadError("The server cannot be reached: is it still running?", true);
  }
}

async function refusal(response) {
  const answer = await response.json().catch(() => ({})); // a proxy in between may answer with a page of its own
  const again = [408, 429].includes(response.status) || response.status >= 500;
  return new ReadError(answer.error ?? `The server answered ${response.status} ${response.statusText}.`, again);
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
