// Messages between a page (in a frame) and the webui's page around it: {atelier: 1, type, id?, ...fields}.
// Only messages from our own origin and from the other side's window count, and only with the fields listed here.

const PICTURE_ID = /^[\w-][\w.-]{0,127}$/;
const upTo = (most) => (value) => typeof value === "string" && value.length <= most; // in UTF-16 units
const text = upTo(100_000);
const whole = upTo(2_000_000); // a whole document of an editor
const id = (value) => typeof value === "string" && PICTURE_ID.test(value);
const optional = (check) => (value) => value === undefined || value === null || check(value);

export const isPictureId = id;

const SHAPES = {
  ready: { page: text }, // page -> host: I listen now
  send: { field: text, value: whole, button: optional(text) }, // page -> host: write there, press the button
  control: { picture: id, tab: text, unit: Number.isSafeInteger }, // page -> host: this map into a ControlNet unit
  flushed: { id: Number.isSafeInteger, ok: (value) => typeof value === "boolean" }, // page -> host: to its flush
  host: { lang: optional(text), theme: optional((value) => value === "dark" || value === "light") }, // host -> page
  show: { before: optional(id), after: optional(id) }, // host -> page: these pictures
  open: {
    document: optional(whole),
    picture: optional(id),
    options: optional(whole),
    stamp: optional(Number.isFinite), // higher for what the host opened later
  }, // host -> page: edit this
  flush: { id: Number.isSafeInteger }, // host -> page: send what is not sent yet, then say flushed
  say: { sentence: text, values: optional((value) => typeof value === "object") }, // host -> page: tell the user
  answer: { id: Number.isSafeInteger, ok: (value) => typeof value === "boolean" }, // host -> page
};

/** The message if it is one of ours and whole, else null. */
export function checked(data) {
  if (data === null || typeof data !== "object" || data.atelier !== 1) return null;
  if (!Object.hasOwn(SHAPES, data.type)) return null;
  const shape = SHAPES[data.type];
  const fits = Object.keys(shape).every((name) => shape[name](data[name]));
  return fits && optional(Number.isSafeInteger)(data.id) ? data : null;
}

/**
 * The page's end. `on` maps a type to what to do. Works without a parent: then nothing comes and nothing goes.
 * `on.flush` may give a promise; the host is told when it is kept (`ok`), or when it is broken or gives false. Without
 * it nothing is unsent.
 */
export function connect(page, on, self = window) {
  const host = self.parent === self ? null : self.parent;
  const waiting = new Map();
  let last = 0;

  const post = (message) => host?.postMessage({ atelier: 1, ...message }, self.location.origin);

  const heard = (event) => {
    if (!host || event.source !== host || event.origin !== self.location.origin) return null;
    const message = checked(event.data);
    if (!message) return null;
    if (message.type === "flush") return flush(message);
    return message.type === "answer" ? settle(message) : on[message.type]?.(message);
  };

  const settle = (answer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  };

  const flush = async ({ id }) => {
    let ok = false;
    try {
      ok = (await on.flush?.()) !== false;
    } finally {
      post({ type: "flushed", id, ok });
    }
  };

  /** Posts and waits for the answer with the same id; null when there is no host or it stays silent. */
  const ask = (message, patience = 10_000) => {
    if (!host) return Promise.resolve(null);
    const id = ++last;
    post({ ...message, id });
    return new Promise((resolve) => {
      const timer = self.setTimeout(() => waiting.delete(id) && resolve(null), patience);
      waiting.set(id, (answer) => {
        self.clearTimeout(timer);
        resolve(answer);
      });
    });
  };

  self.addEventListener("message", heard);
  post({ type: "ready", page });
  return { alone: !host, post, ask, close: () => self.removeEventListener("message", heard) };
}
