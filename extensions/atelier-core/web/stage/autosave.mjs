// Keeps what an editor holds in the browser, so that it is still there after a reload.

import { t } from "./i18n.mjs";
import { openStore, parting } from "./store.mjs";

const CHANNEL = "atelier-autosave";

/**
 * `read(slim)` gives what to keep, as a value that can be cloned; `slim`: there is little room, and only for what JSON
 * can hold (no Blobs): keep what is needed most.
 * `touch` after every change: it is written `debounce` ms later, or when the page goes away. Two pages on one `key`:
 * the last one to write wins, and the other's `onForeign` listeners get {when}. `failed(sentence)`: what could not be
 * kept is said once, and again only after it went well in between.
 */
export function openAutosave(key, { read, debounce = 400, failed = () => {}, self = globalThis }) {
  const me = self.crypto.getRandomValues(new Uint32Array(3)).join("-"); // randomUUID is missing on plain http
  const store = openStore(self);
  const left = parting(self);
  const channel = self.BroadcastChannel ? new self.BroadcastChannel(CHANNEL) : null;
  const listeners = new Set();
  let timer = 0;
  let writing = Promise.resolve();
  let complained = false;

  function touch() {
    self.clearTimeout(timer);
    timer = self.setTimeout(save, debounce);
  }

  /** One after the other: an older state must not come to lie over a newer one. */
  function save() {
    self.clearTimeout(timer);
    timer = 0;
    writing = writing.then(written, written); // one that failed has been reported; the next may go well
    return writing;
  }

  async function written() {
    const kept = await store;
    const when = self.Date.now();
    const done =
      (!kept.slim && (await kept.put(key, { value: read(false), when }))) ||
      (await kept.put(key, { value: read(true), when }));
    if (done) channel?.postMessage({ key, when, from: me });
    if (kept.lasts && done) complained = false;
    else complain();
  }

  function complain() {
    if (complained) return;
    complained = true;
    failed(t("This browser cannot keep your edits. Save them as a file before you leave."));
  }

  const hidden = () => void (timer && self.document?.visibilityState !== "visible" && save());
  const leaving = () => {
    if (!timer) return;
    left.put(key, { value: read(true), when: self.Date.now() });
    save();
  };
  const heard = ({ data }) => {
    if (data?.key !== key || data.from === me) return;
    listeners.forEach((listener) => listener({ when: data.when }));
  };

  channel?.addEventListener("message", heard);
  self.document?.addEventListener("visibilitychange", hidden);
  self.addEventListener?.("pagehide", leaving);

  return {
    touch,
    /** Writes at once what is not written yet. */
    save: () => (timer ? save() : writing),
    load: async () => (await (await store).get(key))?.value ?? null,
    /** Calls the listener when another page writes to the same key; gives a function that ends it. */
    onForeign: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    async close() {
      self.document?.removeEventListener("visibilitychange", hidden);
      self.removeEventListener?.("pagehide", leaving);
      await (timer ? save() : writing);
      channel?.close();
    },
  };
}
