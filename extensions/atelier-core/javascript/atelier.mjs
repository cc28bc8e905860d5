// Atelier in the host's page: puts our pages into frames, carries messages and pictures, lends buttons the host's
// progress bar.
// One file without imports: the host loads every file of this folder by itself. `window.atelier` is all that it leaves.
//
// A panel writes, in a gr.HTML with an elem_id,
//   <div class="atelier-page" id="…" data-unit="upscaler" data-page="atelier/pages/…" style="height: 600px"
//        data-show='{"before": …, "after": …}'></div>        (data-lang and data-title if it likes)
// or, for an editor, data-open='{"document": …, "picture": …, "options": …, "stamp": 1}',
// and may write it anew at any time: the frame lives beside it and is only told what has changed.

(() => {
  if (window.atelier) return;

  const OURS = /^atelier_[\w-]+$/; // the only elements a page may write to or press
  const PATIENCE = 3000; // ms a page may take to send its last edits
  const SETTLE = 60; // ms: gradio redraws in many small steps, and needs a moment to take a new value
  const PICTURES = "atelier/v1/core/pictures"; // relative: the webui may sit below a path of a proxy
  const RECEIVERS = {
    // where a picture is sent: tab, tab inside it, image component
    img2img: ["img2img", "img2img_img2img_tab", "img2img_image"],
    inpaint: ["img2img", "img2img_inpaint_tab", "img2maskimg"],
    extras: ["extras", "", "extras_image"],
  };
  const told = new WeakMap(); // frame -> {ready, look, shown, opened}
  const flushing = new Map(); // id of a flush -> what to do when the page has answered
  const pressing = new Set(); // ids of buttons that wait for a flush
  let flushes = 0;

  const app = () => (typeof window.gradioApp === "function" ? window.gradioApp() : document);
  const find = (id) => (id ? app().querySelector(`#${CSS.escape(id)}`) : null);
  const settled = () => new Promise((done) => setTimeout(done, SETTLE));
  const here = (address) => new URL(address, document.baseURI);

  // ---- frames

  const places = () => [...app().querySelectorAll(".atelier-page[data-page]")];
  const nameOf = (place) => place.id || place.dataset.unit;

  /** The element around a place that stays when gradio writes it anew; of two with one id (gradio 3) the outer. */
  const homeOf = (place) => find(place.parentElement.closest("[id]")?.id) ?? place.parentElement;
  const frameOf = (place) => [...homeOf(place).children].find((one) => one.dataset.atelierFrame === nameOf(place));

  function mount(place) {
    const { lang, theme } = lookFor(place);
    const address = here(place.dataset.page);
    if (address.origin !== location.origin) return;
    address.searchParams.set("theme", theme);
    if (lang) address.searchParams.set("lang", lang);
    const frame = document.createElement("iframe");
    frame.loading = "lazy"; // a tab that is never opened costs nothing
    frame.src = address.href;
    frame.title = place.dataset.title || "Atelier";
    frame.dataset.atelierFrame = nameOf(place);
    frame.style.cssText = "display: block; width: 100%; border: 0; border-radius: 8px;";
    frame.style.height = place.style.height || "600px";
    told.set(frame, { ready: false, look: "", shown: "", opened: "" });
    homeOf(place).append(frame);
    homeOf(place).dataset.atelierHome = ""; // hides the place: the frame stands for it
  }

  function lookFor(place) {
    const theme = document.querySelector("body.dark, .dark > gradio-app, gradio-app.dark") ? "dark" : "light";
    return { lang: place.dataset.lang || hostLanguage(), theme };
  }

  /** The host's localization by name, such as "ko_KR"; undefined where the host has no such option. */
  function hostLanguage() {
    const name = window.opts?.localization;
    return name === "None" ? "en" : name;
  }

  function tell(place) {
    const frame = frameOf(place);
    const known = told.get(frame);
    if (!known?.ready) return;
    const look = JSON.stringify(lookFor(place));
    const shown = place.dataset.show ?? "";
    const opened = place.dataset.open ?? "";
    if (look !== known.look) post(frame, "host", JSON.parse(look));
    if (shown !== known.shown) post(frame, "show", JSON.parse(shown || "{}"));
    if (opened && opened !== known.opened) post(frame, "open", JSON.parse(opened));
    Object.assign(known, { look, shown, opened });
  }

  const post = (frame, type, fields) =>
    frame?.contentWindow?.postMessage({ ...fields, atelier: 1, type }, location.origin);

  function refresh() {
    const all = places();
    for (const place of all) {
      if (!frameOf(place)) mount(place);
      tell(place);
    }
    const wanted = all.map(frameOf);
    for (const frame of app().querySelectorAll("iframe[data-atelier-frame]"))
      if (!wanted.includes(frame)) frame.remove();
  }

  async function heard({ origin, source, data }) {
    if (origin !== location.origin || data?.atelier !== 1) return;
    const place = places().find((one) => frameOf(one)?.contentWindow === source);
    if (!place) return;
    const frame = frameOf(place);
    if (data.type === "ready") {
      told.set(frame, { ready: true, look: "", shown: "", opened: "" });
      tell(place);
    }
    if (data.type === "flushed") flushing.get(data.id)?.(frame, data.ok === true);
    const act = { send: write, control: steer }[data.type];
    const ok = act && (await act(data));
    if (act && Number.isSafeInteger(data.id)) post(frame, "answer", { id: data.id, ok });
  }

  const buttonOf = (id) => find(id)?.closest("button") ?? find(id)?.querySelector("button");

  /** Writes into a hidden textbox of a panel and presses a hidden button. False when there are no such things. */
  async function write({ field, value, button }) {
    if (!OURS.test(field) || typeof value !== "string" || (button && !OURS.test(button))) return false;
    const box = find(field)?.querySelector("textarea, input");
    const press = buttonOf(button);
    if (!box || (button && !press)) return false;
    box.value = value;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await settled();
    press?.click();
    return true;
  }

  // ---- pictures from and to the host's own tabs

  /** For a "from" button: the picture chosen in the results of a tab gets an id, and the textbox `field` that id. */
  async function take(tab, field) {
    const say = speaker(places().find((one) => field.startsWith(`atelier_${one.dataset.unit.replaceAll("-", "_")}_`)));
    const results = find(`${tab}_gallery`);
    const chosen = [".selected img", "[data-testid=detailed-image]", "img"]
      .map((way) => results?.querySelector(way))
      .find(Boolean);
    if (!chosen) return say("There is no result in {tab} yet.", { tab });
    const answer = await fetched(chosen.src);
    const given = answer && (await fetched(here(PICTURES), { method: "POST", body: await answer.blob() }));
    if (!given) return say("The picture could not be taken over.");
    await write({ field, value: (await given.json()).id });
  }

  /** For a "to" button: the picture that the page `pageId` shows goes into a tab of the host, which is opened. */
  async function send(pageId, receiver) {
    const place = find(pageId);
    const say = speaker(place);
    const { before, after } = JSON.parse(place?.dataset.show || "{}");
    if (!after && !before) return say("There is no picture to send yet.");
    const [tab, mode, image] = RECEIVERS[receiver];
    const answer = await fetched(here(`${PICTURES}/${after ?? before}`));
    if (!answer) return say("The picture could not be taken over.");
    const bytes = await answer.blob();
    switchTo(tab);
    await awaited(() => tabButton(mode) ?? find(image));
    tabButton(mode)?.click();
    const component = await awaited(() => find(image));
    if (!component) return say("The webui has no tab {tab}.", { tab: receiver });
    const given = await drop(component, new File([bytes], "atelier.png", { type: bytes.type }));
    if (!given) say("The picture could not be taken over.");
  }

  /** A map into unit `unit` (from 0) of the host's ControlNet in a tab, switched on. False where there is no such unit. */
  async function steer({ picture, tab, unit }) {
    if (!/^(txt2img|img2img)$/.test(tab) || !Number.isSafeInteger(unit)) return false;
    const name = `${tab}_controlnet_ControlNet-${unit}`;
    const component = find(`${name}_input_image`);
    const answer = component && (await fetched(here(`${PICTURES}/${encodeURIComponent(picture)}`)));
    if (!answer) return false;
    const bytes = await answer.blob();
    if (!(await drop(component, new File([bytes], "atelier.png", { type: bytes.type })))) return false;
    const switched = find(`${name}_controlnet_enable_checkbox`)?.querySelector("input[type=checkbox]");
    if (switched && !switched.checked) switched.click();
    return true;
  }

  /** What `look` finds, now or soon: gradio 5 makes a tab only when it is first opened. */
  async function awaited(look) {
    for (let patience = 40; patience > 0 && !look(); patience--) await settled();
    return look();
  }

  /** Gives a file to an image component, as if the user had chosen it; one that holds a picture is emptied first. */
  async function drop(component, file) {
    const button = (name) => component.querySelector(`button[aria-label='${name}']`);
    (button("Remove Image") ?? button("Clear"))?.click(); // beside the first, the second only wipes strokes away
    await settled();
    const input = await awaited(() => component.querySelector("input[type=file]"));
    if (!input) return false;
    const files = new DataTransfer();
    files.items.add(file);
    input.files = files.files;
    return input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const fetched = (address, how) =>
    fetch(address, how).then(
      (answer) => (answer.ok ? answer : null),
      () => null,
    );

  /** The page of a place says a sentence, in its language. */
  const speaker =
    (place) =>
    (sentence, values = {}) =>
      place && post(frameOf(place), "say", { sentence, values });

  // ---- buttons

  /**
   * For a run button: js="(...a) => window.atelier.submit('atelier_upscaler_progress', a)". The first input becomes the
   * task's id; the bar appears above `container`, the live preview in the gallery of the same unit if there is one. A
   * host without this kind of progress gets the inputs as they are.
   */
  function submit(container, inputs) {
    const args = Array.from(inputs);
    if (typeof window.requestProgress !== "function") return args;
    args[0] = `task(${crypto.getRandomValues(new Uint32Array(3)).join("")})`;
    const bar = find(container);
    if (bar) window.requestProgress(args[0], bar, find(container.replace(/_progress$/, "_gallery")), () => {});
    return args;
  }

  /** Lets the page `pageId` send its last edits; false when it has not done so within 3 s. Unopened it has none. */
  function flush(pageId) {
    const page = find(pageId);
    const frame = page && frameOf(page);
    if (!told.get(frame)?.ready) return Promise.resolve(true);
    const id = ++flushes;
    return new Promise((resolve) => {
      const done = (ok) => {
        clearTimeout(timer);
        flushing.delete(id);
        resolve(ok);
      };
      const timer = setTimeout(done, PATIENCE, false);
      flushing.set(id, (from, ok) => from === frame && done(ok));
      post(frame, "flush", { id });
    });
  }

  /**
   * For the button of a run over what a page edits. gradio collects a button's inputs before its js runs, so the button
   * that is seen has only js="() => window.atelier.submitAfter('…_progress', '…_page', '…_run')": the page sends its
   * last edits into its textbox, then the button `run`, which has the inputs and `submit`, is pressed. Once at a time.
   */
  async function submitAfter(container, pageId, run) {
    if (!OURS.test(run) || pressing.has(run)) return [];
    pressing.add(run);
    find(container)?.setAttribute("aria-busy", "true");
    const sent = await flush(pageId);
    if (!sent) speaker(find(pageId))("The last edits did not arrive and are not part of this run.");
    pressing.delete(run);
    find(container)?.removeAttribute("aria-busy");
    buttonOf(run)?.click();
    return [];
  }

  const submitTo =
    (container) =>
    (...inputs) =>
      submit(container, inputs);

  /** Opens a tab of the host by name ("txt2img", "img2img", "extras") or elem_id. Gives `inputs` back for gradio. */
  function switchTo(name, inputs = []) {
    (tabButton(`tab_${name}`) ?? tabButton(name))?.click();
    return Array.from(inputs);
  }

  /** By id (gradio 4 and later) or by place: the n-th button opens the n-th tab, whatever language it speaks. */
  function tabButton(id) {
    const tab = find(id);
    const named = find(id && `${id}-button`);
    if (named || !tab) return named;
    const siblings = [...tab.parentElement.children].filter((one) => one.classList.contains("tabitem"));
    return tab.parentElement.querySelectorAll(":scope > .tab-nav > button")[siblings.indexOf(tab)] ?? null;
  }

  window.atelier = Object.freeze({ flush, refresh, send, submit, submitAfter, submitTo, switchTo, take });

  const style = document.createElement("style");
  style.textContent = "[data-atelier-home] .atelier-page { display: none !important; }";
  document.head.append(style);

  let waiting = 0;
  const soon = () => (waiting ||= setTimeout(() => ((waiting = 0), refresh()), SETTLE));
  const watched = { childList: true, subtree: true, attributes: true, attributeFilter: ["data-show", "data-open"] };
  window.addEventListener("message", heard);
  new MutationObserver(soon).observe(document.documentElement, watched);
  new MutationObserver(soon).observe(document.body, { attributes: true, attributeFilter: ["class"] }); // dark or light
  window.onOptionsAvailable?.(soon); // the host's language
  soon();
})();
